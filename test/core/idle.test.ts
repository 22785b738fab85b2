import { expect, test } from '@jest/globals';
import { LeanMQ } from '@leanmq/core';

import { eventually } from '../support/eventually.js';
import { connectTo, disconnect } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();

const ROUTES = 100;
const WATCH_S = 10;
const PER_SECOND = 5;

test('an idle consumer of 100 routes writes at most 5 commands a second', async () => {
  // Its own server, so the monitor sees this consumer only.
  const server = await rig.server();
  const outside = await connectTo(server.url);
  const watcher = await connectTo(server.url);
  const monitor = await watcher.monitor();
  // The default periods, because only these give the figure that users see.
  const mq = new LeanMQ({ redis: server.url, prefix: rig.prefix, group: 'g' });
  try {
    for (let n = 0; n < ROUTES; n += 1) mq.handle(`/route/${n}`, () => undefined);
    await mq.start();
    // Every route has been looked after once, so the start-up phase is over.
    await eventually(async () => (await outside.keys('*:sweeper')).length === ROUTES, {
      timeoutMs: 15_000,
      everyMs: 100,
    });

    const seen = new Map<string, number>();
    let firstAt = Number.NaN;
    let lastAt = Number.NaN;
    monitor.on('monitor', (time: string, [name = '']: string[], source: string) => {
      lastAt = Number(time);
      if (Number.isNaN(firstAt)) firstAt = lastAt;
      // Commands called by a script are not written by the client.
      if (source !== 'lua') seen.set(name, (seen.get(name) ?? 0) + 1);
    });
    await eventually(() => lastAt - firstAt >= WATCH_S, { timeoutMs: 30_000, everyMs: 100 });

    const total = [...seen.values()].reduce((sum, count) => sum + count, 0);
    const perSecond = total / (lastAt - firstAt);
    expect(perSecond > PER_SECOND ? [...seen] : []).toEqual([]);
    // The consumer is alive and keeps looking for changes.
    expect(perSecond).toBeGreaterThan(1);
  } finally {
    for (const client of [monitor, watcher, outside]) disconnect(client);
    await mq.close();
  }
}, 60_000);

test('an idle consumer looks at each pending list once in a lease, and repeats unchanged notes of presence twice', async () => {
  const leaseMs = 3_000;
  const leases = 3;
  const routes = 20;
  const server = await rig.server();
  const outside = await connectTo(server.url);
  const mq = new LeanMQ({ redis: server.url, prefix: rig.prefix, group: 'g', leaseMs });
  try {
    for (let n = 0; n < routes; n += 1) mq.handle(`/route/${n}`, () => undefined);
    await mq.start();
    const calls = async (name: string): Promise<number> => {
      const stats = await outside.info('commandstats');
      return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    };
    // Two streams for each route, both of which the first visit looks at.
    await eventually(async () => (await calls('xpending')) >= 2 * routes, { timeoutMs: 10_000 });
    const before = { looks: await calls('xpending'), notes: await calls('pexpire') };
    const startedAt = performance.now();
    const passed = (): number => (performance.now() - startedAt) / leaseMs;
    await eventually(() => passed() >= leases, { timeoutMs: 20_000, everyMs: 100 });
    const looks = (await calls('xpending')) - before.looks;
    const notes = (await calls('pexpire')) - before.notes;
    const perLease = passed() * routes;
    // Three times each at every third of the lease.
    expect(looks / 2 / perLease).toBeLessThan(1.6);
    expect(looks / 2 / perLease).toBeGreaterThan(0.5);
    expect(notes / perLease).toBeLessThan(2.2);
    expect(notes / perLease).toBeGreaterThan(1);
  } finally {
    disconnect(outside);
    await mq.close();
  }
}, 60_000);
