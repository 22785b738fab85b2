import { Injectable, type ScopeOptions } from '@nestjs/common';

import { SCOPE_OPTIONS } from './nest-metadata.js';
import { assertCalled } from './method-target.js';

const PREFIX = 'leanmq:prefix';

/**
 * Makes a class an injectable provider and prefixes its `@OnWebhook` paths. List the class under `providers`.
 *
 * @param options the scope, as for `@Injectable()`
 */
export function WebhookController(prefix = '', options?: ScopeOptions): ClassDecorator {
  assertCalled('@WebhookController', [prefix]);
  return (target) => {
    Reflect.defineMetadata(PREFIX, prefix, target);
    // Without options, `Injectable` would remove the scope that another decorator set.
    if (options !== undefined || !Reflect.hasOwnMetadata(SCOPE_OPTIONS, target)) {
      Injectable(options)(target);
    }
  };
}

export function prefixOf(type: object): string {
  return (Reflect.getMetadata(PREFIX, type) ?? '') as string;
}
