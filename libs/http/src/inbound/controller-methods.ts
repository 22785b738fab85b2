import 'reflect-metadata';

import { Injectable, RequestMethod } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';

/** Names under which Nest keeps what `@Post()` and the like say. */
const METHOD = 'method';
const PATH = 'path';

/** A method of a controller. */
export interface ControllerMethod {
  /** `StripeController.onEvent`, for messages to people. */
  readonly where: string;
  readonly method: object;
  /** True if it has a route, by `@Post()` and the like. */
  readonly isRouted: boolean;
  /** True if that is `@All()`. */
  readonly isForAll: boolean;
}

/** Finds the methods of the application's controllers. */
@Injectable()
export class ControllerMethods {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  all(): ControllerMethod[] {
    return this.prototypes().flatMap((prototype) =>
      this.scanner.getAllMethodNames(prototype).map((name) => {
        const method = Reflect.get(prototype, name) as object;
        return {
          where: `${prototype.constructor.name}.${name}`,
          method,
          isRouted: Reflect.hasMetadata(METHOD, method) && Reflect.hasMetadata(PATH, method),
          isForAll: Reflect.getMetadata(METHOD, method) === RequestMethod.ALL,
        };
      }),
    );
  }

  /** Returns the prototype of each controller's class. */
  prototypes(): object[] {
    const types = this.discovery.getControllers().map(({ metatype }) => metatype);
    return types.flatMap((type) => (typeof type === 'function' ? [type.prototype as object] : []));
  }
}
