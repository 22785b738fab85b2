import { BrokerRefusedError, type LeanMQError } from '../errors.js';
import { displayPath } from '../message/index.js';
import { toBrokerError } from '../redis/index.js';
import type { Broken } from './scripts.js';

/** The error for a route that a step of a sweep could do nothing with. */
export function brokenRoute(path: string, done: string, broken: Broken): LeanMQError {
  return broke(`Route "${displayPath(path)}"`, done, 'a key of it', broken);
}

/** The error for dead letters that cannot be limited. */
export function brokenQueue(
  { path, group }: { readonly path: string; readonly group: string },
  broken: Broken,
): LeanMQError {
  const what = `The dead letters of group "${group}" on route "${displayPath(path)}"`;
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
