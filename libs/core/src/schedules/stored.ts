import { UndecodableError, show } from '../errors.js';
import { decodeHeaders, decodePayload } from '../message/index.js';
import { isCatchUp } from './catch-up.js';
import type { SendSpec } from './encode.js';
import type { RuleSpec } from './rule.js';
import type { Schedule } from './schedule.js';

const FIELDS = ['rule', 'send', 'data', 'headers', 'created', 'updated', 'last'] as const;

/** Stored fields of a recurring send; a missing field is undefined. */
export type Stored = Partial<Record<(typeof FIELDS)[number], string>>;

/** Returns undefined unless all fields exist: the send may be about to be created or removed. */
export function scheduleOf(
  id: string,
  path: string,
  { rule, send, data, headers, created, updated, last }: Stored,
  nextAt: string | null,
): Schedule | undefined {
  if (rule === undefined || send === undefined || data === undefined || nextAt === null) {
    return undefined;
  }
  const { catchUp, ttlMs } = readSend(send);
  const spec = readRule(rule);
  return {
    id,
    path,
    ...{ cron: undefined, timezone: undefined, everyMs: undefined },
    ...spec,
    data: decodePayload(data),
    headers: headers === undefined || headers === '' ? {} : decodeHeaders(headers),
    ttlMs,
    catchUp,
    nextAt: Number(nextAt),
    lastAt: last === undefined ? undefined : Number(last),
    createdAt: Number(created),
    updatedAt: Number(updated),
  };
}

/** @throws {UndecodableError} if the JSON is not a rule, or is a kind of rule that this version does not know */
export function readRule(json: string): RuleSpec {
  const spec = Object(parse(json)) as Partial<Record<'cron' | 'timezone' | 'everyMs', unknown>>;
  const { cron, timezone, everyMs } = spec;
  if (typeof cron === 'string' && typeof timezone === 'string') return { cron, timezone };
  if (typeof everyMs === 'number') return { everyMs };
  throw new UndecodableError(
    `The rule ${show(json)} is of a kind that this version does not know.`,
  );
}

/** @throws {UndecodableError} if the JSON is not a valid specification of a send */
export function readSend(json: string): SendSpec {
  const { catchUp, ttlMs } = Object(parse(json)) as Partial<Record<keyof SendSpec, unknown>>;
  if (isCatchUp(catchUp)) return { catchUp, ...(typeof ttlMs === 'number' && { ttlMs }) };
  throw new UndecodableError(`${show(json)} is not the specification of a recurring send.`);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new UndecodableError(`${show(json)} is not JSON.`, { cause });
  }
}

export function fieldsOf(id: string): string[] {
  return FIELDS.map((field) => `${field}:${id}`);
}

export function storedOf(values: readonly (string | null)[]): Stored {
  return Object.fromEntries(
    FIELDS.flatMap((field, index) => {
      const value = values[index] ?? null;
      return value === null ? [] : [[field, value]];
    }),
  );
}
