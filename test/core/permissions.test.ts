import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { LeanMQ, type LeanMQOptions } from '@leanmq/core';
import type { Redis } from 'ioredis';

import { QUICK } from '../support/broker.js';
import { consumes, manages, publishes, sends } from '../support/duties.js';
import { connectTo, disconnect } from '../support/redis.js';
import { RedisServer } from '../support/redis-server.js';

const PASSWORD = 'correct-horse-battery';
/** Documented permissions that a process can do without. */
const OPTIONAL = ['+client|kill'];

let server: RedisServer;
let admin: Redis;
/** Rules of each user, as documented. */
let documented: Map<string, string[]>;
let opened: LeanMQ[] = [];
let faults: string[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
  admin = await connectTo(server.url);
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  documented = new Map(
    [...page.matchAll(/^ACL SETUSER (\S+) (.*)$/gm)].map(([, name = '', rules = '']) => [
      name,
      rules.replace('PASSWORD', PASSWORD).split(' '),
    ]),
  );
});
afterEach(async () => {
  await Promise.all(opened.map((mq) => mq.close()));
  [opened, faults] = [[], []];
  await admin.flushall();
});
afterAll(async () => {
  disconnect(admin);
  await server.stop();
});

/** Starts a process as a user with these rules. */
async function as(
  name: string,
  rules: readonly string[],
  password = PASSWORD,
  tidy = true,
): Promise<LeanMQ> {
  await admin.acl('SETUSER', name, 'reset', ...rules);
  const { port } = server;
  const redis: LeanMQOptions['redis'] = { host: '127.0.0.1', port, username: name, password };
  const mq = new LeanMQ({ ...QUICK, redis, group: 'g', connectTimeoutMs: 3_000, tidy });
  mq.events.on('fault', ({ where, error }) => faults.push(`${where}: ${error.message}`));
  opened.push(mq);
  return mq;
}

function rulesOf(name: string): string[] {
  return documented.get(name) ?? [];
}

describe('a user with exactly the documented permissions', () => {
  test('can do everything that a sender does', async () => {
    const mq = await as('sender', rulesOf('sender'), PASSWORD, false);
    await sends(mq);
    // The delayed message was not moved: that is the job of other processes.
    expect(await admin.zcard('leanmq:{a}:schedule')).toBe(1);
    expect(faults).toEqual([]);
  });

  test('as a sender is refused at the start of a process that tidies or has handlers', async () => {
    const mq = await as('sender', rulesOf('sender'));
    await expect(mq.connect()).rejects.toMatchObject({ code: 'BROKER_DENIED' });
    const handling = await as('sender', rulesOf('sender'), PASSWORD, false);
    handling.handle('/a', () => undefined);
    await expect(handling.start()).rejects.toThrow(
      /"tidy" is false, and this process has handlers/,
    );
  });

  test('can do everything that a publisher does', async () => {
    const mq = await as('publisher', rulesOf('publisher'));
    await publishes(mq, admin);
    expect(faults).toEqual([]);
  });

  test('can do everything that a consumer does', async () => {
    const mq = await as('consumer', rulesOf('consumer'));
    await publishes(mq, admin);
    await consumes(mq, admin);
    expect(faults).toEqual([]);
  });

  test('can do everything that an operator does', async () => {
    const mq = await as('operator', rulesOf('operator'));
    await manages(mq);
    expect(faults).toEqual([]);
  });

  test.each(['sender', 'publisher', 'consumer'])(
    'as a %s is refused at the start when one permission is missing, and the error names it',
    async (name) => {
      const rules = rulesOf(name);
      const needed = rules.filter((rule) => rule.startsWith('+') && !OPTIONAL.includes(rule));
      expect(needed.length).toBeGreaterThan(25);
      for (const missing of needed) {
        const mq = await as(
          'short',
          rules.filter((rule) => rule !== missing),
          PASSWORD,
          name !== 'sender',
        );
        if (name === 'consumer') mq.handle('/a', () => undefined);
        const starting = name === 'consumer' ? mq.start() : mq.connect();
        const failure = expect(starting).rejects;
        await failure.toMatchObject({ code: 'BROKER_DENIED', retryable: false });
        const named = new RegExp(`\\b${missing.slice(1).replace('|', '\\|')}\\b`);
        await failure.toThrow(named);
        await mq.close();
      }
    },
  );

  test('can do without the permissions documented as optional', async () => {
    const rules = rulesOf('consumer').filter((rule) => !OPTIONAL.includes(rule));
    const mq = await as('consumer', rules);
    await consumes(mq, admin);
    expect(faults).toEqual([]);
  });
});

describe('a user who may not', () => {
  test('wait for replicas is refused by a process that needs it', async () => {
    for (const [rules, code] of [
      [[], 'BROKER_DENIED'],
      [['+wait'], 'NOT_REPLICATED'],
    ] as const) {
      await admin.acl('SETUSER', 'durable', 'reset', ...rulesOf('publisher'), ...rules);
      const mq = new LeanMQ({
        redis: `redis://durable:${PASSWORD}@127.0.0.1:${server.port}`,
        durability: { replicas: 1, timeoutMs: 50 },
      });
      opened.push(mq);
      await expect(mq.publish('/a', 1)).rejects.toMatchObject({ code });
    }
  });

  test('touch the keys is refused at the start', async () => {
    const rules = rulesOf('consumer').map((rule) => rule.replace('~leanmq:', '~other:'));
    const mq = await as('stranger', rules);
    await expect(mq.connect()).rejects.toMatchObject({ code: 'BROKER_DENIED' });
    await expect(mq.connect()).rejects.toThrow(/keys|a key/);
  });

  test('manage queues is refused before anything is changed', async () => {
    const mq = await as('consumer', rulesOf('consumer'));
    const queue = mq.queue('/a');
    await queue.declareGroup('g');
    await mq.publish('/a', 1, { delayMs: 60_000 });
    const operations = [() => queue.purge(), () => queue.delete(), () => queue.removeGroup('g')];
    for (const operation of operations) {
      await expect(operation()).rejects.toMatchObject({ code: 'BROKER_DENIED' });
    }
    expect(await admin.zcard('leanmq:{a}:schedule')).toBe(1);
    expect(await queue.groups()).toHaveLength(1);
  });

  test.each([
    ['a wrong password', 'consumer', 'wrong-horse'],
    ['an unknown name', 'nobody', PASSWORD],
  ])(
    'connect because of %s is refused at once, and the error hides the password',
    async (_, name, password) => {
      await admin.acl('SETUSER', 'consumer', 'reset', ...rulesOf('consumer'));
      const { port } = server;
      const url = `redis://${name}:${password}@127.0.0.1:${port}`;
      const mq = new LeanMQ({ ...QUICK, redis: url, group: 'g', connectTimeoutMs: 20_000 });
      opened.push(mq);
      const beganAt = performance.now();
      const failure: unknown = await mq.connect().catch((error: unknown) => error);
      expect(performance.now() - beganAt).toBeLessThan(10_000);
      expect(failure).toMatchObject({ code: 'BROKER_DENIED', retryable: false });
      expect((failure as Error).message).toMatch(/WRONGPASS.*option "redis"/s);
      expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain(password);
    },
  );
});
