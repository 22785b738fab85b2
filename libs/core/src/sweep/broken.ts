import { BrokerRefusedError, type LeanMQError } from '../errors.js';
import { displayPath } from '../message/index.js';
import { toBrokerError } from '../redis/index.js';
import type { Broken } from './scripts.js';

/** Returns the error for a queue on which a step of a sweep fails. */
export function brokenRoute(path: string, done: string, broken: Broken): LeanMQError {
  return broke(`Queue "${displayPath(path)}"`, done, 'a key of it', broken);
}

/** Returns the error for dead letters that cannot be limited. */
export function brokenQueue(
  { path, group }: { readonly path: string; readonly group: string },
  broken: Broken,
): LeanMQError {
  const what = `The dead letters of group "${group}" on queue "${displayPath(path)}"`;
  return broke(what, 'limited', 'their key', broken);
}

function broke(what: string, done: string, key: string, { brokenBecause }: Broken): LeanMQError {
  const reply = new Error(brokenBecause);
  reply.name = 'ReplyError';
  const refused = toBrokerError(reply);
  if (refused.code !== 'BROKER_REFUSED') return refused;
  return new BrokerRefusedError(
    `${what} cannot be ${done}, ${key} is not what it should be: ${brokenBecause}`,
    { code: 'KEY_TYPE' },
  );
}
