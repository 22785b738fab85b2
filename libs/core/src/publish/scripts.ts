import { defineScript, lua } from '../redis/index.js';
import type { PublishResult } from './options.js';

/** A batch was applied now, had been applied before, or has been overtaken by a later one. */
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

/** Followed by payload and headers of each message. The reply is the id of the first entry. */
export const publishScript = defineScript({
  lua: lua.publishLua,
  keys: ['log', 'marker'],
  args: ['sequence', 'markerTtlMs'],
  reply: plainReply,
});

/** What a unit became: a list with what each of its sends became, or why nothing of it was written. */
export type UnitResult =
  /** The ids of plain sends, which were all published, with spaces between them. */
  | string
  | readonly (readonly [outcome: PublishResult['outcome'], id: string])[]
  | { readonly error: UnitError; readonly at: number }
  /** Of a tick that somebody else has made, or that has no sends. */
  | { readonly overtaken: boolean };

export type UnitError = 'WRONGTYPE' | 'CONFLICT' | 'FULL';

/** Followed by the units; see the script. The reply is JSON of a list of `UnitResult`. */
export const publishUnitsScript = defineScript({
  lua: lua.publishUnitsLua,
  keys: ['marker'],
  args: ['sequence', 'markerTtlMs'],
  reply: batchReply,
});
