import { ConfigError, LeanMQ } from '@leanmq/core';
import { reportWarning } from '@leanmq/core/internal';
import { Inject, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

import {
  isOnlyApplication,
  markKnown,
  unknownHandlers,
  type DeclaredHandler,
} from '../decorators/index.js';
import { HandlerExplorer, overriddenHandlers } from '../discovery/index.js';
import { LEANMQ_OPTIONS, type LeanMQLateOptions } from '../options.js';

/** Name of the root module of an application that `@nestjs/testing` creates. */
const TEST_ROOT = 'RootTestModule';

/** Reports handlers that are declared but will never be called. */
@Injectable()
export class LostHandlers {
  constructor(
    private readonly explorer: HandlerExplorer,
    private readonly modules: ModulesContainer,
    private readonly mq: LeanMQ,
    @Inject(LEANMQ_OPTIONS) private readonly options: LeanMQLateOptions,
  ) {}

  /** @throws {ConfigError} for a class with handlers that no module provides, unless another application may provide it */
  report(): void {
    for (const message of overriddenHandlers(this.explorer.instances())) {
      reportWarning(this.mq.events, { code: 'HANDLER_OVERRIDDEN', message });
    }
    const absent = unknownHandlers();
    const answer = this.answer();
    // Without a group, this application is not a subscribing service.
    if (absent.length === 0 || answer === 'ignore' || this.options.group === undefined) return;
    const message = `No module of this application provides ${placesOf(absent)}: its messages would never be delivered. List the class under "providers" of a module that is imported, or set option "unprovidedHandlers" to "ignore" if it is meant for another service.`;
    if (answer === 'error') throw new ConfigError(message, { code: 'HANDLER_UNPROVIDED' });
    for (const { declaredBy } of absent) markKnown(declaredBy);
    reportWarning(this.mq.events, { code: 'HANDLER_UNPROVIDED', message });
  }

  private answer(): LeanMQLateOptions['unprovidedHandlers'] {
    const { unprovidedHandlers } = this.options;
    if (unprovidedHandlers !== undefined) return unprovidedHandlers;
    // Another application, or the next test, may provide the class.
    const isTest = [...this.modules.values()].some(({ metatype }) => metatype.name === TEST_ROOT);
    return isTest || !isOnlyApplication() ? 'warn' : 'error';
  }
}

function placesOf(absent: readonly DeclaredHandler[]): string {
  return absent
    .map(
      ({ declaredBy, declaredAs, path }) =>
        `${declaredBy.constructor.name}, whose method ${declaredAs} handles "${path}"`,
    )
    .join('; ');
}
