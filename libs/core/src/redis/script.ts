import { createHash } from 'node:crypto';

import type { Redis } from 'ioredis';

import { BrokerError, toError } from '../errors.js';
import { replyOf } from './faults.js';

export type ScriptArgument = string | number | Buffer;

/**
 * A Lua script with the names of its keys and arguments, declared once. After the named ones, `moreKeys`
 * and `moreArgs` are lists whose shape the script's header describes.
 */
export interface Script<Key extends string, Arg extends string, Reply> {
  run(
    client: Redis,
    keys: Readonly<Record<Key, string>>,
    args: Readonly<Record<Arg, ScriptArgument>>,
    more?: { readonly keys?: readonly string[]; readonly args?: readonly ScriptArgument[] },
  ): Promise<Reply>;
}

export function defineScript<
  const Key extends string,
  const Arg extends string,
  Reply,
>(definition: {
  readonly lua: string;
  readonly keys: readonly Key[];
  readonly args: readonly Arg[];
  /** Validates and types the server's reply. */
  readonly reply: (raw: unknown) => Reply;
}): Script<Key, Arg, Reply> {
  const { lua, keys: keyNames, args: argNames, reply } = definition;
  const sha = createHash('sha1').update(lua).digest('hex');
  return {
    run(client, keys, args, more) {
      const list: ScriptArgument[] = [sha, 0];
      for (const name of keyNames) list.push(keys[name]);
      if (more?.keys !== undefined) for (const key of more.keys) list.push(key);
      list[1] = list.length - 2;
      for (const name of argNames) list.push(args[name]);
      if (more?.args !== undefined) for (const arg of more.args) list.push(arg);
      // A promise chain instead of async: saves one promise per single send.
      return call(client, 'evalsha', list).then(reply, (error: unknown) => {
        // The server does not know the script (a new server, SCRIPT FLUSH, a failover): nothing was executed.
        if (replyOf(error)?.startsWith('NOSCRIPT') !== true) throw error;
        list[0] = lua;
        return call(client, 'eval', list).then(reply);
      });
    },
  };
}

type Scripting = Record<'eval' | 'evalsha', (args: readonly ScriptArgument[]) => Promise<unknown>>;

/** Passes the arguments as one list: spreading a hundred thousand would overflow the stack. */
function call(
  client: Redis,
  command: 'eval' | 'evalsha',
  args: readonly ScriptArgument[],
): Promise<unknown> {
  try {
    // ioredis' types only know spread arguments.
    return (client as unknown as Scripting)[command](args);
  } catch (error) {
    return Promise.reject(toError(error));
  }
}

/** Returns a parser for a reply that is one of these words. */
export function oneOf<const Word extends string>(
  ...words: readonly Word[]
): (raw: unknown) => Word {
  return (raw) => {
    if (words.includes(raw as Word)) return raw as Word;
    throw unexpected(raw, words.join(' or '));
  };
}

/** Returns a parser for a list whose items `item` parses. */
export function listOf<Item>(item: (raw: unknown) => Item): (raw: unknown) => Item[] {
  return (raw) => {
    if (!Array.isArray(raw)) throw unexpected(raw, 'a list');
    return raw.map(item);
  };
}

function unexpected(raw: unknown, wanted: string): BrokerError {
  return new BrokerError(
    'BROKER_PROTOCOL',
    `A script replied ${JSON.stringify(raw)} instead of ${wanted}.`,
  );
}
