import { LeanMQ } from '@leanmq/core';
import type { Provider, Type } from '@nestjs/common';

import { WebhookPublisher } from './publisher/index.js';

/** Classes that applications inject, of one copy of this package. */
interface Tokens {
  readonly LeanMQ: Type<unknown>;
  readonly WebhookPublisher: Type<unknown>;
}

// Shared by the ESM and the CommonJS build, which a process may have both loaded.
const KEY = Symbol.for('@leanmq/nestjs tokens');
const shared = globalThis as { [KEY]?: Tokens[] | undefined };
const copies = shared[KEY] ?? [];
shared[KEY] = copies;
copies.push({ LeanMQ, WebhookPublisher });

/**
 * Makes what a library injects by the classes of another copy the application's own client and publisher. Nest knows a
 * class by its identity, and the other copy's is another class.
 */
export function otherTokens(): Provider[] {
  return copies
    .filter((each) => each.WebhookPublisher !== WebhookPublisher)
    .flatMap((each) => [
      ...(each.LeanMQ === LeanMQ ? [] : [{ provide: each.LeanMQ, useExisting: LeanMQ }]),
      { provide: each.WebhookPublisher, useExisting: WebhookPublisher },
    ]);
}
