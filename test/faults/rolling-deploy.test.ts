import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';

import { Child, killChildren } from '../support/children.js';
import { eventually } from '../support/eventually.js';
import type { VersionSettings } from '../support/programs/version.js';
import { connectTo, disconnect } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';
import { buildCore, type Patches } from '../support/versions.js';

/** Possible next version of the core: entries have a field that this one does not know, and scripts differ. */
const NEXT: Patches = {
  'redis/scripts.generated.ts': (text) =>
    text
      .replace(
        `if headers == '' then return redis.call('XADD', log, id, 'd', data) end`,
        `if headers == '' then return redis.call('XADD', log, id, 'd', data, 'z', 'next') end`,
      )
      .replace(`local fields = {'d', send.data}`, `local fields = {'z', 'next', 'd', send.data}`)
      .replace(/";$/gm, '\\n-- the next version\\n";'),
  // Histories may hold new fields too.
  'settle/next-history.ts': (text) => text.replace('origin:', 'told: "next", origin:'),
};

type Version = 'now' | 'next';

const rig = useFaultyRig();
const builds = new Map<Version, string>();

beforeAll(async () => {
  builds.set('now', await buildCore('now'));
  builds.set('next', await buildCore('next', NEXT));
});
afterEach(killChildren);
afterAll(async () => {
  for (const file of builds.values()) await rm(dirname(file), { recursive: true });
});

const PATH = 'orders';
const EACH = 400;

interface Process {
  readonly version: Version;
  readonly group: string;
  readonly child: Child;
}

const keyOf = (what: string): string => `${rig.prefix}:{${PATH}}:${what}`;

function numbersSaid({ child }: Process, word: string): number[] {
  return (child.messages as [string, number][]).filter(([said]) => said === word).map(([, n]) => n);
}

/** Reads the fields of an entry, by name. */
async function entries(redis: Redis, stream: string): Promise<Map<number, Record<string, string>>> {
  const found = new Map<number, Record<string, string>>();
  for (const [, flat] of await redis.xrange(stream, '-', '+')) {
    const fields: Record<string, string> = {};
    for (let at = 0; at < flat.length; at += 2) fields[flat[at] ?? ''] = flat[at + 1] ?? '';
    found.set(Number(fields['d']), fields);
  }
  return found;
}

describe('two versions of the core on the same queues', () => {
  test("handle each other's messages while one replaces the other and back, and nothing is lost or changed", async () => {
    const server = await rig.server({ appendonly: 'everysec' });
    const redis = await connectTo(server.url);
    const all: Process[] = [];
    const start = (version: Version, group: string, more: Partial<VersionSettings>): Process => {
      const child = Child.start('version', {
        core: builds.get(version) ?? '',
        path: PATH,
        role: 'consume',
        ...more,
        options: {
          redis: server.url,
          prefix: rig.prefix,
          group,
          leaseMs: 900,
          sweepMs: 200,
          retention: { count: 100_000 },
          handlers: { attempts: 3, backoff: { type: 'fixed', delayMs: 20 } },
        },
      } satisfies VersionSettings);
      const process = { version, group, child };
      all.push(process);
      return process;
    };
    const ready = ({ child }: Process): Promise<unknown> =>
      child.says((message) => (message as [string])[0] === 'ready', 20_000);
    const replaced = [start('now', 'up', {}), start('next', 'down', {})] as const;
    const stay = [start('next', 'up', {}), start('now', 'down', {})] as const;
    await Promise.all([...replaced, ...stay].map(ready));

    const publishers = [
      start('now', 'publishing', { role: 'publish', numbers: [0, EACH] }),
      start('next', 'publishing', { role: 'publish', numbers: [EACH, EACH] }),
    ];
    const sent = (): number => publishers.flatMap((each) => numbersSaid(each, 'sent')).length;
    await eventually(() => sent() > EACH / 2, { timeoutMs: 20_000 });
    // An upgrade in one group and a rollback in the other, neither of them gentle.
    await Promise.all(replaced.map(({ child }) => child.kill()));
    await Promise.all([start('next', 'up', {}), start('now', 'down', {})].map(ready));
    await eventually(() => sent() === 2 * EACH, { timeoutMs: 20_000 });

    const numbers = Array.from({ length: 2 * EACH }, (_, n) => n);
    const doomed = numbers.filter((n) => n % 25 === 0);
    const consumers = (group: string): Process[] => all.filter((each) => each.group === group);
    for (const group of ['up', 'down']) {
      await eventually(
        async () => {
          const done = new Set(consumers(group).flatMap((each) => numbersSaid(each, 'done')));
          const dead = await entries(redis, keyOf(`dead:${group}`));
          expect(numbers.filter((n) => !done.has(n) && !dead.has(n))).toEqual([]);
          expect([...dead.keys()].toSorted((x, y) => x - y)).toEqual(doomed);
        },
        { timeoutMs: 20_000, everyMs: 100 },
      );
    }
    // Each version has handled messages that each version had published.
    for (const version of ['now', 'next'] as const) {
      const done = all
        .filter((each) => each.version === version)
        .flatMap((each) => numbersSaid(each, 'done'));
      expect(done.some((n) => n < EACH)).toBe(true);
      expect(done.some((n) => n >= EACH)).toBe(true);
    }

    // Unknown fields survive retries by both versions and a replay by either.
    const isUntouched = (found: Map<number, Record<string, string>>): void => {
      expect([...found.keys()].toSorted((x, y) => x - y)).toEqual(doomed);
      for (const [n, { z }] of found) expect([n, z]).toEqual([n, n < EACH ? undefined : 'next']);
    };
    await killChildren();
    for (const [group, version] of [
      ['up', 'now'],
      ['down', 'next'],
    ] as const) {
      isUntouched(await entries(redis, keyOf(`dead:${group}`)));
      const { child } = start(version, group, { role: 'replay' });
      await child.says((message) => (message as [string])[0] === 'replayed', 20_000);
      isUntouched(await entries(redis, keyOf(`inbox:${group}`)));
    }

    const healed = [
      start('now', 'up', { isHealed: true }),
      start('next', 'down', { isHealed: true }),
    ];
    await eventually(
      () => healed.every((each) => doomed.every((n) => numbersSaid(each, 'done').includes(n))),
      { timeoutMs: 20_000 },
    );
    for (const group of ['up', 'down']) {
      await eventually(async () => (await redis.xlen(keyOf(`inbox:${group}`))) === 0);
      // Messages handled but not acked when their process was killed come again.
      await eventually(async () => {
        expect(await redis.xpending(keyOf('log'), group)).toEqual([0, null, null, null]);
      });
    }
    expect(await redis.zcard(keyOf('schedule'))).toBe(0);
    expect(await redis.xlen(keyOf('log'))).toBe(2 * EACH);
    disconnect(redis);
  }, 90_000);
});
