import type { Redis } from 'ioredis';

import { BrokerRefusedError } from '../errors.js';
import { defineScript, listOf } from './script.js';
import * as lua from './scripts.generated.js';

const SEND = calls(`
  info; time; multi; exec; eval return 1 KEY; evalsha 0 1 KEY;
  type KEY; get KEY; set KEY 1; del KEY; exists KEY;
  hget KEY f; hset KEY f 1; hsetnx KEY f 1; hdel KEY f; hexists KEY f; hmget KEY f; hgetall KEY; hincrby KEY f 1;
  zadd KEY 1 m; zrem KEY m; zscore KEY m; zcard KEY; zrange KEY 0 1; zrangebyscore KEY 0 1;
  xadd KEY * d 1; xlen KEY; xrange KEY - +; xinfo|groups KEY
`);

const TIDY = calls(`
  smembers KEY; hvals KEY; zcount KEY 0 1; xdel KEY 1-0; xrevrange KEY + -; xtrim KEY MINID 1-0;
  xpending KEY g; xinfo|consumers KEY g; xgroup|delconsumer KEY g c
`);

/**
 * Commands that a user needs, as the ACL of Redis names them, each as a complete call with KEY for a LeanMQ key. Commands
 * inside scripts count: Redis checks each. docs/operations.md has them as lines to copy.
 */
export const PERMISSIONS = {
  /** Commands of a process that only sends and leaves tidying to others (`tidy: false`). */
  send: SEND,
  /** Commands of every other process, which publishes and sweeps the routes that it knows. */
  publish: new Map([...SEND, ...TIDY]),
  /** Additional commands of a process that subscribes. */
  consume: calls(`
    client|id; client|unblock 1; pexpire KEY 1; pttl KEY; hkeys KEY; hlen KEY; sadd KEY m; srem KEY m;
    zremrangebyscore KEY 0 1;
    xreadgroup GROUP g c STREAMS KEY >; xack KEY g 1-0; xclaim KEY g c 1 1-0; xgroup|create KEY g 0
  `),
  /** Additional commands of a process whose publishes wait for replicas. */
  replicate: calls('wait 1 1'),
  /** Additional commands of a process that manages queues. */
  manage: calls(`
    scan 0; mget KEY; unlink KEY; rename KEY KEY; hscan KEY 0; zscan KEY 0; xinfo|stream KEY; xgroup|setid KEY g 0; xgroup|destroy KEY g
  `),
} as const;

export type Purpose = keyof typeof PERMISSIONS;

const missingScript = defineScript({
  lua: lua.missingPermissionsLua,
  keys: ['ours'],
  args: [],
  reply: listOf((words) => words as string[]),
});

/**
 * Checks that the user may run every command of a purpose, before any work of it starts.
 *
 * @param key any LeanMQ key
 * @throws {BrokerRefusedError} naming the missing permissions, or the commands that the server lacks
 */
export async function checkPermissions(
  client: Redis,
  key: string,
  purpose: Purpose,
): Promise<void> {
  const asked = [...PERMISSIONS[purpose]].map(([name, args]) => ({
    name,
    words: [...name.split('|'), ...args.map((arg) => (arg === 'KEY' ? key : arg))],
  }));
  const args = asked.flatMap(({ words }) => [words.length, ...words]);
  const found = await missingScript.run(client, { ours: key }, {}, { args });
  const namesOf = (state: 'absent' | 'denied'): string[] => {
    const texts = new Set(
      found.filter(([each]) => each === state).map(([, ...words]) => words.join(' ')),
    );
    return asked.filter(({ words }) => texts.has(words.join(' '))).map(({ name }) => name);
  };
  const absent = namesOf('absent');
  if (absent.length > 0) {
    throw new BrokerRefusedError(
      `The server does not know ${absent.join(', ').replaceAll('|', ' ')}, which LeanMQ needs to ${purpose}: the command is renamed, hidden by a managed service, or missing from this server. docs/operations.md lists the requirements for a server.`,
      { code: 'COMMAND_MISSING' },
    );
  }
  const missing = namesOf('denied');
  if (missing.length === 0) return;
  throw new BrokerRefusedError(
    `The Redis user may not run ${missing.join(', ')}, which LeanMQ needs to ${purpose}. Give it ${missing
      .map((name) => `+${name}`)
      .join(' ')}; docs/operations.md lists all permissions.`,
    { code: 'BROKER_DENIED' },
  );
}

/** By the name of the command, its arguments. */
function calls(text: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    text.split(';').map((call) => {
      const [name = '', ...args] = call.trim().split(/\s+/);
      return [name, args];
    }),
  );
}
