import { createHash } from 'node:crypto';

import { defineScript, oneOf } from '@leanmq/core/internal';

import { beginInboundLua, freeInboundLua } from './scripts.generated.js';

/** Decision about a request with an id: it runs now, has run, or runs elsewhere for `forMs` at most. */
export type InboundDecision =
  | { readonly state: 'run' }
  | { readonly state: 'done' }
  | { readonly state: 'running'; readonly forMs: number };

/** Begins to handle a request, or renews its lease. */
export const beginInbound = defineScript({
  lua: beginInboundLua,
  keys: ['mark'],
  args: ['owner', 'leaseMs'],
  reply: (raw): InboundDecision => {
    const [state, forMs] = raw as ['run' | 'done' | 'running', number];
    return state === 'running' ? { state, forMs } : { state };
  },
});

/** Frees the id of a request whose handler has failed. */
export const freeInbound = defineScript({
  lua: freeInboundLua,
  keys: ['mark'],
  args: ['owner'],
  reply: oneOf('freed', 'kept'),
});

/**
 * Key of the mark of an id: STRING. Pure.
 *
 * @param place path that the request came to: ids of two senders may be the same
 */
export function inboundKey(prefix: string, place: string, id: string): string {
  const digest = createHash('sha256').update(`${place}\n${id}`).digest('base64url');
  return `${prefix}:{http:0}:inbound:${digest}`;
}
