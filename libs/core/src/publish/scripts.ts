import { defineScript, lua } from '../redis/index.js';
import type { PublishResult } from './options.js';

/** State of a batch: applied now, applied before (`repeated`), or overtaken by a later batch (`stale`). */
export type BatchReply =
  { readonly state: 'applied' | 'repeated'; readonly reply: string } | { readonly state: 'stale' };

function batchReply(raw: unknown): BatchReply {
  const [state, reply] = raw as ['applied' | 'repeated' | 'stale', string];
  return state === 'stale' ? { state } : { state, reply };
}

function plainReply(raw: unknown): BatchReply {
  const reply = raw as string;
  if (reply === 'stale') return { state: 'stale' };
  if (reply.startsWith('=')) return { state: 'repeated', reply: reply.slice(1) };
  return { state: 'applied', reply };
}

/** Script for plain sends. Payload and headers of each message follow the arguments; the reply is the first entry's id. */
export const publishScript = defineScript({
  lua: lua.publishLua,
  keys: ['log', 'marker'],
  args: ['sequence', 'markerTtlMs'],
  reply: plainReply,
});

/** Result of a unit: the result of each send, or the reason why nothing was written. */
export type UnitResult =
  /** Ids of plain sends, all published, separated by spaces. */
  | string
  | readonly (readonly [outcome: PublishResult['outcome'], id: string])[]
  | { readonly error: UnitError; readonly at: number }
  /** Result of a tick that another process has made, or that has no sends. */
  | { readonly overtaken: boolean };

export type UnitError = 'WRONGTYPE' | 'CONFLICT' | 'FULL';

/** Script for all other sends. The units follow the arguments; the reply is a JSON array of `UnitResult`. */
export const publishUnitsScript = defineScript({
  lua: lua.publishUnitsLua,
  keys: ['marker'],
  args: ['sequence', 'markerTtlMs'],
  reply: batchReply,
});
