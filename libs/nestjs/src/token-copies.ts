import { LeanMQ } from '@leanmq/core';
import type { Provider, Type } from '@nestjs/common';

import { WebhookPublisher } from './publisher/index.js';

/** Injectable classes of one copy of this package. */
interface Tokens {
  readonly LeanMQ: Type<unknown>;
  readonly WebhookPublisher: Type<unknown>;
}

// Shared by the ESM and the CommonJS build; a process may load both.
const KEY = Symbol.for('@leanmq/nestjs tokens');
const shared = globalThis as { [KEY]?: Tokens[] | undefined };
const copies = shared[KEY] ?? [];
shared[KEY] = copies;
copies.push({ LeanMQ, WebhookPublisher });

/**
 * Creates aliases, so that a library that injects the classes of another copy gets the application's own client and
 * publisher. Nest identifies a class by reference, and the other copy has different ones.
 */
export function otherTokens(): Provider[] {
  return copies
    .filter((each) => each.WebhookPublisher !== WebhookPublisher)
    .flatMap((each) => [
      ...(each.LeanMQ === LeanMQ ? [] : [{ provide: each.LeanMQ, useExisting: LeanMQ }]),
      { provide: each.WebhookPublisher, useExisting: WebhookPublisher },
    ]);
}
