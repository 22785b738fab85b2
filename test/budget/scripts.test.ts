import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import {
  ACTS,
  FULL,
  LONGEST_PING_MS,
  QUICK,
  ServerWatch,
  measure,
} from '../../bench/budget/index.js';
import * as lua from '../../libs/core/src/redis/scripts.generated.js';
import { RedisServer } from '../support/redis-server.js';

/**
 * `LEANMQ_BUDGET=full npm test -- test/budget` measures the shapes that DESIGN names; otherwise small ones are measured
 * whose slices are as full.
 */
const isFull = process.env.LEANMQ_BUDGET === 'full';
const shapes = isFull ? FULL : QUICK;
// Beside other tests a server shares its caches, and its processor with whatever else the machine runs.
const SLACK = isFull ? 1 : 1.5;
// The least of all tries counts: more of them cost time only where a script seems to be over its limit.
const TRIES = isFull ? 3 : 6;
const MEMORY = isFull ? 2 ** 30 : 2 ** 26;

const names = readdirSync(new URL('../../libs/core/src/redis/scripts/', import.meta.url))
  .filter((name) => name.endsWith('.lua'))
  .map((name) => name.slice(0, -'.lua'.length));
const texts = lua as unknown as Record<string, string>;
const constantOf = (name: string): string =>
  `${name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())}Lua`;

/** Scripts over their budget that are being worked on, and by whom; to be empty. */
const OVER: Readonly<Record<string, string>> = {};

/** Scripts that an act is about and that were called on at least one shape. */
const calledOnes = new Set<string>();

let server: RedisServer;
let watch: ServerWatch;

beforeAll(async () => {
  server = await RedisServer.start();
  favour(server.pid);
  watch = new ServerWatch(
    server.url,
    new Map(names.map((name) => [name, texts[constantOf(name)] ?? ''])),
  );
});
afterAll(async () => {
  watch.close();
  await server.stop();
});

/** SLOWLOG counts the time on the clock: as far as it is allowed, nothing else runs while the server would. */
function favour(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Not permitted to everybody; a busy machine may then need all of the tries.
  }
}

test('every script is measured', () => {
  const measured = new Set(Object.values(ACTS).flatMap(({ scripts }) => scripts));
  expect(names.filter((name) => !measured.has(name))).toEqual([]);
  expect([...measured].filter((name) => !names.includes(name))).toEqual([]);
});

describe('no script holds Redis up', () => {
  test.each(shapes.map((shape) => [shape.id, shape] as const))(
    'with %s',
    async (_, shape) => {
      const { findings, called, longestPingMs } = await measure(shape, {
        ...{ url: server.url, watch, memory: MEMORY, tries: TRIES },
        ...((isFull || process.env.LEANMQ_BUDGET === 'say') && {
          say: (line: string) => void process.stderr.write(`${line}\n`),
        }),
      });
      for (const script of called) calledOnes.add(script);
      const over = findings
        .filter(({ ms, limitMs, script }) => ms > limitMs * SLACK && !(script in OVER))
        .map(({ script, act, ms }) => `${script}, ${act}: ${ms.toFixed(1)} ms`);
      expect(over).toEqual([]);
      if (Object.keys(OVER).length === 0)
        expect(longestPingMs).toBeLessThanOrEqual(LONGEST_PING_MS * SLACK);
    },
    isFull ? 1_800_000 : 120_000,
  );

  test('and each of them was called by who is said to call it', () => {
    const wanted = Object.values(ACTS).flatMap(({ scripts }) => scripts);
    expect(wanted.filter((script) => !calledOnes.has(script))).toEqual([]);
  });
});
