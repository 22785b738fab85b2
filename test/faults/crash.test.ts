import { afterEach, describe, expect, test } from '@jest/globals';
import type { LeanMQOptions } from '@leanmq/core';

import { QUICK, useBroker } from '../support/broker.js';
import { Child, killChildren } from '../support/children.js';
import { eventually } from '../support/eventually.js';
import type { ConsumerSettings, Task } from '../support/programs/consumer.js';

const broker = useBroker();
afterEach(killChildren);

type Said = [what: string, n: number, attempt: number, crashes: number];

function service(options: Partial<LeanMQOptions> = {}): Child {
  const settings: ConsumerSettings = {
    path: '/work',
    options: { ...QUICK, redis: broker.url, prefix: broker.prefix, group: 'g', ...options },
  };
  return Child.start('consumer', settings);
}

const says =
  (what: string, n?: number) =>
  (message: unknown): boolean => {
    const [first, second] = message as Said;
    return first === what && (n === undefined || second === n);
  };

const heard = (child: Child, what: string): Said[] =>
  child.messages.filter((message) => says(what)(message)) as Said[];

describe('kill -9 of a consumer', () => {
  test('in mid-handler redelivers the message, with its crash counted and its attempt used up', async () => {
    const victim = service();
    await victim.says(says('ready'));
    await broker.mq().publish('/work', { n: 1, act: 'hang' } satisfies Task);
    await victim.says(says('begin', 1));
    await victim.kill();
    const got: [number, number, number][] = [];
    await broker.consume<Task>(
      '/work',
      ({ data, attempt, crashes }) => void got.push([data.n, attempt, crashes]),
      { group: 'g' },
    );
    await eventually(() => got.length === 1);
    expect(got).toEqual([[1, 2, 1]]);
  });

  test('with 500 messages in flight has all of them finished soon, not one by one', async () => {
    const victim = service({ handlers: { concurrency: 500 } });
    await victim.says(says('ready'));
    const mq = broker.mq();
    await Promise.all(
      Array.from({ length: 500 }, (_, n) => mq.publish('/work', { n, act: 'hang' } satisfies Task)),
    );
    await eventually(() => heard(victim, 'begin').length === 500);
    await victim.kill();
    const done = new Set<number>();
    let running = 0;
    let most = 0;
    const startedAt = performance.now();
    const rescuer = await broker.consume<Task>(
      '/work',
      async ({ data }) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 20));
        running -= 1;
        done.add(data.n);
      },
      { group: 'g', handlers: { concurrency: 50 } },
    );
    let suspects = 0;
    rescuer.events.on('suspected', () => (suspects += 1));
    await eventually(() => done.size === 500, { timeoutMs: 10_000 });
    expect(most).toBeGreaterThan(20);
    expect(suspects).toBe(0);
    // Two thirds of the lease plus a while to notice the stale entries; one by one would take ten seconds.
    expect(performance.now() - startedAt).toBeLessThan(6_000);
  });

  test('by a poison message dead-letters that message, and all its neighbours are done', async () => {
    const mq = broker.mq({ group: 'watcher' });
    const letters = mq.deadLetters('/work', 'g');
    const children = [service({ handlers: { concurrency: 30 } })];
    await children[0]?.says(says('ready'));
    // The neighbours are in flight whenever the poison strikes.
    const neighbours = Array.from({ length: 25 }, (_, n) => n);
    for (const n of neighbours) {
      await mq.publish('/work', { n, act: 'sleep', ms: 40 } satisfies Task);
      if (n === 10) await mq.publish('/work', { n: 999, act: 'die' } satisfies Task);
    }
    const supervising = (async () => {
      while ((await letters.count()) === 0) {
        const current = children.at(-1) as Child;
        if (current.hasExited) children.push(service({ handlers: { concurrency: 30 } }));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    await supervising;
    const done = (): Set<number> =>
      new Set(children.flatMap((child) => heard(child, 'done').map(([, n]) => n)));
    await eventually(() => done().size === neighbours.length, { timeoutMs: 15_000 });
    const list = await letters.list<Task>();
    expect(list.map(({ reason, data, crashes }) => [reason, data?.n, crashes])).toEqual([
      ['poison', 999, 5],
    ]);
    const poisoned = children
      .flatMap((child) => heard(child, 'begin'))
      .filter(([, n]) => n === 999);
    expect(poisoned.map(([, , attempt]) => attempt)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('two processes of one group', () => {
  test('share the work: each handles a part, and each message is handled by one of them', async () => {
    const services = [
      service({ handlers: { concurrency: 8 } }),
      service({ handlers: { concurrency: 8 } }),
    ];
    await Promise.all(services.map((each) => each.says(says('ready'))));
    const mq = broker.mq();
    await Promise.all(
      Array.from({ length: 400 }, (_, n) =>
        mq.publish('/work', { n, act: 'sleep', ms: 5 } satisfies Task),
      ),
    );
    const done = (): Said[] => services.flatMap((each) => heard(each, 'done'));
    await eventually(() => done().length >= 400, { timeoutMs: 15_000 });
    expect(new Set(done().map(([, n]) => n)).size).toBe(400);
    expect(done()).toHaveLength(400);
    for (const each of services) expect(heard(each, 'done').length).toBeGreaterThan(80);
  });
});

describe('SIGTERM', () => {
  test('under load starts a drain that loses nothing, runs nothing twice and uses no attempt up', async () => {
    const mq = broker.mq();
    const first = service({ handlers: { concurrency: 20 } });
    await first.says(says('ready'));
    const total = 2_000;
    const publishing = Promise.all(
      Array.from({ length: total }, (_, n) =>
        mq.publish('/work', { n, act: 'sleep', ms: 3 } satisfies Task),
      ),
    );
    await eventually(() => heard(first, 'done').length > 100);
    first.signal('SIGTERM');
    const second = service({ handlers: { concurrency: 20 } });
    expect(await first.exit()).toBe(0);
    await publishing;
    const done = (): Said[] => [...heard(first, 'done'), ...heard(second, 'done')];
    await eventually(() => done().length >= total, { timeoutMs: 15_000 });
    expect(new Set(done().map(([, n]) => n)).size).toBe(total);
    expect(done()).toHaveLength(total);
    expect(new Set(done().map(([, , attempt]) => attempt))).toEqual(new Set([1]));
    expect(heard(first, 'begin')).toHaveLength(heard(first, 'done').length);
  });
});
