import { afterEach, describe, expect, test } from '@jest/globals';
import { LeanMQ } from '@leanmq/core';
import type { Redis } from 'ioredis';

import { QUICK } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { connectTo, disconnect } from '../support/redis.js';
import { RedisServer } from '../support/redis-server.js';

const BACKLOG = 100_000;
/** Messages published and awaited together; `STEPS` such batches make a round. */
const [AT_ONCE, STEPS, ROUNDS] = [100, 30, 8];
/** Upper bound on the cost of delivery with a backlog, as a multiple of its cost without one. */
const MOST = 1.1;

/** A service with its own Redis, so the cost of each service is measured on its own server. */
class Bench {
  private handled = 0;

  private constructor(
    private readonly server: RedisServer,
    readonly redis: Redis,
    readonly mq: LeanMQ,
  ) {}

  static async start(): Promise<Bench> {
    const server = await RedisServer.start();
    const redis = await connectTo(server.url);
    const mq = new LeanMQ({ ...QUICK, redis: server.url, group: 'g', handlers: { attempts: 1 } });
    const bench = new Bench(server, redis, mq);
    benches.push(bench);
    await mq.consume<string>('/a', ({ data }) => {
      if (data === 'dies') throw new Error('as told');
      bench.handled += 1;
    });
    return bench;
  }

  /** Publishes some messages, waits until all are handled and returns how long that took, in ms. */
  async step(): Promise<number> {
    const target = this.handled + AT_ONCE;
    const beganAt = performance.now();
    for (let n = 0; n < AT_ONCE; n += 1) void this.mq.publish('/a', `message ${n}`);
    while (this.handled < target) await new Promise((resolve) => setImmediate(resolve));
    return performance.now() - beganAt;
  }

  /** Returns how long the server has worked on LeanMQ's commands so far, in µs. */
  async used(): Promise<number> {
    const stats = await this.redis.info('commandstats');
    // Commands called by a script are already counted in the script's time.
    const times = [...stats.matchAll(/^cmdstat_(?:eval|evalsha|xreadgroup|xack):.*?usec=(\d+)/gm)];
    return times.reduce((sum, [, usec]) => sum + Number(usec), 0);
  }

  async loadBacklog(): Promise<void> {
    await this.mq.publish('/a', 'dies');
    const letters = this.mq.deadLetters('/a');
    await eventually(async () => (await letters.count()) === 1);
    const dead = 'leanmq:{a}:dead:g';
    const [[, fields] = ['', []]] = await this.redis.xrange(dead, '-', '+');
    // Copies the one dead letter until the backlog is complete.
    const script = `for i = 2, ${BACKLOG} do redis.call('XADD', KEYS[1], '*', unpack(ARGV)) end`;
    await this.redis.eval(script, 1, dead, ...fields);
    const later = Array.from({ length: 1_000 }, (_, n) => ({
      data: `later ${n}`,
      options: { delayMs: 3_600_000 + n },
    }));
    for (let n = 0; n < BACKLOG; n += later.length) await this.mq.publishMany('/a', later);
    expect(await letters.count()).toBe(BACKLOG);
    expect(await this.redis.zcard('leanmq:{a}:schedule')).toBe(BACKLOG);
  }

  async stop(): Promise<void> {
    await this.mq.close();
    disconnect(this.redis);
    await this.server.stop();
  }
}

const benches: Bench[] = [];
async function stopAll(): Promise<void> {
  await Promise.all(benches.splice(0).map((bench) => bench.stop()));
}
afterEach(stopAll);

/** Returns the lower quartile: other load on the machine can only raise the values. */
function lowerQuartile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)] ?? Number.NaN;
}

interface Costs {
  /** Time from publishing to handling, per step, in ms. */
  readonly times: number[];
  /** Server time, per round, in µs. */
  readonly work: number[];
}

/** Runs a round: the benches take turns, one step each. */
async function round(costs: ReadonlyMap<Bench, Costs>): Promise<void> {
  const before = new Map<Bench, number>();
  for (const bench of costs.keys()) before.set(bench, await bench.used());
  for (let step = 0; step < STEPS; step += 1) {
    for (const [bench, { times }] of costs) times.push(await bench.step());
  }
  for (const [bench, { work }] of costs) {
    work.push((await bench.used()) - (before.get(bench) ?? 0));
  }
}

interface Ratios {
  readonly time: number;
  readonly work: number;
}

/** Measures delivery with a backlog, as a multiple of delivery without one. */
async function measure(): Promise<Ratios> {
  const [empty, loaded] = [await Bench.start(), await Bench.start()];
  await loaded.loadBacklog();
  const [without, having]: [Costs, Costs] = [
    { times: [], work: [] },
    { times: [], work: [] },
  ];
  const costs = new Map([
    [empty, without],
    [loaded, having],
  ]);
  // The first round warms up.
  await round(new Map([...costs.keys()].map((bench) => [bench, { times: [], work: [] }])));
  for (let n = 0; n < ROUNDS; n += 1) await round(costs);
  await stopAll();
  return {
    time: lowerQuartile(having.times) / lowerQuartile(without.times),
    work: lowerQuartile(having.work) / lowerQuartile(without.work),
  };
}

describe('a backlog of 100,000 scheduled and 100,000 dead messages', () => {
  test('slows the delivery of new messages by less than a tenth and adds less than a tenth to the work of Redis', async () => {
    let ratios = await measure();
    // Other load can spoil one measurement, but a real slowdown shows in every one.
    for (let more = 3; more > 0 && Math.max(ratios.time, ratios.work) >= MOST; more -= 1) {
      const { time, work } = await measure();
      ratios = { time: Math.min(time, ratios.time), work: Math.min(work, ratios.work) };
    }
    expect(ratios.time).toBeLessThan(MOST);
    expect(ratios.work).toBeLessThan(MOST);
  }, 120_000);
});
