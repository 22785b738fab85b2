import { setTimeout as delay } from 'node:timers/promises';

import type { LeanMQ } from '@leanmq/core';

import type { Stage } from './stage.js';

/** Something that callers of scripts do. */
export interface Act {
  /** The scripts that it is about: the test fails if one of them is called on none of the shapes. */
  readonly scripts: readonly string[];
  /** Makes what it works on; not measured. */
  prepare?(stage: Stage): Promise<unknown>;
  run(stage: Stage): Promise<unknown>;
}

const items = (stage: Stage, count: number, options = {}): { data: unknown; options: object }[] => {
  const data: unknown = JSON.parse(stage.body);
  return Array.from({ length: count }, (_, n) => ({
    data,
    options: { ...options, messageId: `m-${n}` },
  }));
};

async function until(done: () => boolean, timeoutMs = 30_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !done() && Date.now() < end;) await delay(20);
}

/** Has the consumers of a group hold all messages without having been told, and breaks their connections. */
async function loseReplies(stage: Stage): Promise<void> {
  const log = stage.key('log');
  await stage.raw.xgroup('SETID', log, 'g0', '0');
  for (const name of await stage.raw.hkeys(stage.key('here:g0'))) {
    await stage.raw.call('XREADGROUP', 'GROUP', 'g0', name, 'STREAMS', log, '>');
  }
  const clients = String(await stage.raw.client('LIST')).split('\n');
  for (const client of clients.filter((line) => line.includes(' cmd=xreadgroup '))) {
    const [, id = ''] = /^id=(\d+)/.exec(client) ?? [];
    await stage.raw.client('KILL', 'ID', Number(id));
  }
}

/** Consumes with a handler until it has been called so often, or for so long. */
async function consume(
  stage: Stage,
  calls: number,
  handle: (n: number) => Promise<void> | void,
  options: Parameters<LeanMQ['handle']>[2] = {},
): Promise<void> {
  const mq = stage.mq({ leaseMs: 900, sweepMs: 500 });
  let called = 0;
  for (const path of stage.paths.slice(0, 200)) {
    mq.handle(path, () => handle((called += 1)), { concurrency: 100, ...options });
  }
  await mq.start();
  await until(() => called >= calls, 2_500);
  await mq.stop();
}

export const ACTS: Readonly<Record<string, Act>> = {
  'publishing many': {
    scripts: ['publish'],
    prepare: (stage) => stage.fill(),
    async run(stage) {
      const mq = stage.mq();
      const data: unknown = JSON.parse(stage.body);
      for (const path of stage.paths.slice(0, 10)) {
        await mq.publishMany(
          path,
          Array.from({ length: stage.some(200) }, () => ({ data })),
        );
      }
    },
  },
  'publishing with ids and a time to live': {
    scripts: ['publish-units'],
    prepare: (stage) => stage.fill({ messages: 1 }),
    run: (stage) =>
      stage.mq().publishMany(stage.path, items(stage, stage.some(200), { ttlMs: 60_000 })),
  },
  'scheduling and cancelling': {
    scripts: ['publish-units', 'cancel'],
    prepare: async (stage) => {
      await stage.fill({ messages: 1 });
      await stage.schedule(stage.messages, Date.now() + 3_600_000);
    },
    async run(stage) {
      const mq = stage.mq();
      const deliverAt = Date.now() + 3_600_000;
      await mq.publishMany(stage.path, items(stage, stage.some(200), { deliverAt }));
      await mq.cancel(stage.path, 'm-0');
    },
  },
  'publishing where the length is limited and the lag is not known': {
    scripts: ['publish-units'],
    async prepare(stage) {
      await stage.fill();
      const [last] = await stage.raw.xrevrange(stage.key('log'), '+', '-', 'COUNT', 1);
      await stage.raw.xdel(stage.key('log'), last?.[0] ?? '');
      await stage.mq().queue(stage.path).configure({ maxLength: 90_000 });
    },
    async run(stage) {
      const mq = stage.mq();
      for (let n = 0; n < 3; n += 1) await mq.publish(stage.path, 1).catch(() => undefined);
    },
  },
  'promoting what is due': {
    scripts: ['sweep'],
    async prepare(stage) {
      await stage.fill({ messages: 1 });
      for (const path of stage.paths.slice(0, 10)) {
        await stage.schedule(stage.some(2_000, 2 ** 24), 1, path);
      }
    },
    run: (stage) => stage.mq().queue(stage.path).sweep(),
  },
  'sweeping many routes': {
    scripts: ['sweep', 'trim'],
    prepare: (stage) => stage.fill({ finished: true }),
    async run(stage) {
      const mq = stage.mq({ sweepMs: 300 });
      for (const path of stage.paths) await mq.publish(path, 1);
      await delay(1_500);
    },
  },
  'expiring what waits': {
    scripts: ['expire'],
    async prepare(stage) {
      await stage.fill({ messages: stage.some(3_000, 2 ** 26) });
      await stage.expireAll();
    },
    run: (stage) => stage.mq().queue(stage.path).sweep(),
  },
  'expiring what every group keeps, beside what is in flight': {
    scripts: ['expire'],
    async prepare(stage) {
      const count = stage.some(Math.ceil(20_000 / stage.shape.groups), 2 ** 25);
      await stage.fill({ messages: Math.max(4, Math.ceil(count / stage.shape.groups)) });
      await stage.hold(2);
      await stage.expireAll();
      await stage.raw.sadd(stage.key('keepers'), ...stage.groups);
    },
    run: (stage) => stage.mq().queue(stage.path).sweep(),
  },
  'trimming what is finished': {
    scripts: ['trim'],
    prepare: (stage) => stage.fill({ finished: true }),
    run: (stage) =>
      Promise.all(stage.paths.slice(0, 10).map((path) => stage.mq().queue(path).sweep())),
  },
  'trimming to a small number while something is in flight': {
    scripts: ['trim'],
    async prepare(stage) {
      await stage.fill();
      await stage.hold(Math.min(100, stage.messages));
    },
    run: (stage) =>
      stage
        .mq({ retention: { count: 100 } })
        .queue(stage.path)
        .sweep(),
  },
  'limiting dead letters': {
    scripts: ['limit-dead'],
    async prepare(stage) {
      await stage.fill({ messages: 1 });
      await stage.bury(stage.some(5_000, 2 ** 26));
      await stage
        .mq()
        .queue(stage.path)
        .configure({ deadLetters: { maxCount: 1 } });
    },
    async run(stage) {
      const mq = stage.mq();
      await mq.connect();
      await mq.queue(stage.path).sweep();
    },
  },
  consuming: {
    scripts: [
      ...['missing-permissions', 'register-groups', 'touch-groups', 'note-presence'],
      ...['heartbeat', 'reclaim', 'restamp', 'leave'],
    ],
    async prepare(stage) {
      await stage.fill();
      await stage.hold(Math.ceil((stage.messages * 0.9) / stage.shape.groups));
    },
    // Long enough for what a consumer that is gone held to be noted and taken over.
    run: (stage) => consume(stage, Infinity, () => delay(2_000)),
  },
  'running suspects': {
    scripts: ['begin-suspect', 'lock-quarantine'],
    async prepare(stage) {
      await stage.fill();
      await stage.hold(Math.min(3, stage.messages), 3);
    },
    run: (stage) => consume(stage, Infinity, () => undefined),
  },
  'adopting what lost replies held': {
    scripts: ['adopt'],
    prepare: (stage) => stage.fill({ finished: true, messages: stage.some(2_000, 2 ** 24) }),
    async run(stage) {
      const mq = stage.mq();
      mq.handle(stage.path, () => undefined);
      await mq.start();
      await delay(300);
      await loseReplies(stage);
      await delay(1_500);
      await mq.stop();
    },
  },
  'failing, and retrying later': {
    scripts: ['hand-over'],
    prepare: (stage) => stage.fill(),
    run: (stage) =>
      consume(stage, Math.min(300, stage.messages), () => Promise.reject(new Error('no')), {
        backoff: { type: 'fixed', delayMs: 600_000 },
      }),
  },
  'failing for good': {
    scripts: ['hand-over'],
    prepare: (stage) => stage.fill(),
    run: (stage) =>
      consume(stage, Math.min(300, stage.messages), () => Promise.reject(new Error('no')), {
        attempts: 1,
      }),
  },
  'running once for each message, at a limited rate': {
    scripts: ['begin-once', 'ack-once', 'permits'],
    prepare: (stage) => stage.fill(),
    run: (stage) =>
      consume(stage, Math.min(200, stage.messages), () => undefined, {
        idempotent: true,
        rateLimit: { count: 100, perMs: 1_000 },
      }),
  },
  'replaying, moving and discarding dead letters': {
    scripts: ['replay', 'move-dead'],
    async prepare(stage) {
      await stage.fill({ messages: 1 });
      await stage.bury(stage.some(1_000, 2 ** 26));
      await stage.mq().queue('elsewhere').declareGroup('g0');
    },
    async run(stage) {
      const dead = stage.mq().deadLetters(stage.path);
      const letters = await dead.list({ count: 30 });
      const ids = letters.map(({ id }) => id);
      await dead.moveTo('elsewhere', ids.slice(0, 10));
      await dead.discard(ids.slice(10, 20));
      await dead.replayAll();
    },
  },
  'replaying history': {
    scripts: ['replay-history', 'touch-replay'],
    prepare: (stage) => stage.fill({ finished: true }),
    run: (stage) => stage.mq().replay(stage.path, { limit: stage.some(300) }),
  },
  'looking at queues': {
    scripts: ['inspect', 'inspect-groups', 'find', 'find-entry', 'find-copies', 'in-flight'],
    async prepare(stage) {
      await stage.fill();
      await stage.hold(Math.ceil(stage.messages / 2 / stage.shape.groups));
      await stage.bury(stage.some(1_000, 2 ** 25));
      await stage.schedule(stage.some(2_000, 2 ** 25), Date.now() + 3_600_000);
    },
    async run(stage) {
      const mq = stage.mq();
      await mq.queues();
      const queue = mq.queue(stage.path);
      await queue.info();
      await queue.groups();
      await queue.inFlight();
      await queue.find('no such id');
      const [last] = await stage.raw.xrevrange(stage.key('log'), '+', '-', 'COUNT', 1);
      await queue.find(last?.[0] ?? '');
    },
  },
  'listing what waits, is retried and is delayed': {
    scripts: ['list-scheduled'],
    async prepare(stage) {
      await stage.fill();
      await stage.schedule(stage.some(100_000, 2 ** 25), Date.now() + 3_600_000);
    },
    async run(stage) {
      const queue = stage.mq().queue(stage.path);
      await queue.messages({ state: 'waiting', limit: 1_000 });
      // It passes by all that is delayed.
      await queue.messages({ state: 'retrying', limit: 1_000 });
      let cursor: string | undefined;
      for (let page = 0; page < 20; page += 1) {
        ({ cursor } = await queue.messages({ state: 'delayed', limit: 1_000, cursor }));
        if (cursor === undefined) break;
      }
    },
  },
  'running and burying a message by hand': {
    scripts: ['run-now', 'bury-message'],
    async prepare(stage) {
      await stage.fill();
      await stage.hold(1);
      await stage.schedule(stage.some(2_000, 2 ** 25), Date.now() + 3_600_000);
    },
    async run(stage) {
      const mq = stage.mq();
      const data: unknown = JSON.parse(stage.body);
      await mq.publish(stage.path, data, { delayMs: 3_600_000, messageId: 'late' });
      const queue = mq.queue(stage.path);
      await queue.runNow('late');
      const [first] = await stage.raw.xrange(stage.key('log'), '-', '+', 'COUNT', 1);
      await queue.bury(first?.[0] ?? '');
    },
  },
  'removing a message': {
    scripts: ['remove-message'],
    prepare: (stage) => stage.fill(),
    async run(stage) {
      const queue = stage.mq().queue(stage.path);
      const [last] = await stage.raw.xrevrange(stage.key('log'), '+', '-', 'COUNT', 1);
      await queue.remove(last?.[0] ?? '', { allGroups: true });
    },
  },
  purging: {
    scripts: ['purge', 'purge-route', 'purge-retries', 'forget-purged', 'erase'],
    async prepare(stage) {
      await stage.fill();
      await stage.schedule(stage.some(2_000, 2 ** 25), Date.now() + 3_600_000);
    },
    async run(stage) {
      const queue = stage.mq().queue(stage.path);
      await queue.purge();
      await queue.purge({ allGroups: true });
    },
  },
  'removing groups and queues': {
    scripts: ['create-group', 'remove-group', 'bury-route', 'delete-route', 'change-registry'],
    async prepare(stage) {
      await stage.fill();
      await stage.schedule(stage.some(2_000, 2 ** 25), Date.now() + 3_600_000);
      await stage.hold(Math.ceil(stage.messages / 2 / stage.shape.groups));
    },
    async run(stage) {
      const mq = stage.mq();
      const queue = mq.queue(stage.path);
      await queue.declareGroup('late');
      await queue.pause();
      await queue.removeGroup('g0', { force: true });
      await queue.delete({ deadLetters: true });
    },
  },
  'recurring sends': {
    scripts: ['put-recurring', 'forget-schedules'],
    prepare: (stage) => stage.fill({ messages: 1 }),
    async run(stage) {
      const mq = stage.mq({ sweepMs: 200 });
      for (let n = 0; n < 100; n += 1) {
        const data: unknown = n === 0 ? JSON.parse(stage.body) : n;
        await mq.schedules.upsert({ id: `s${n}`, path: stage.path, everyMs: 1_000, data });
      }
      await delay(1_500);
      await mq.schedules.list();
      await mq.schedules.remove('s0');
      await mq.queue(stage.path).delete();
    },
  },
  'forgetting routes that nobody uses': {
    scripts: ['register-route', 'empty-routes', 'forget-routes'],
    async prepare(stage) {
      await stage.fill({ messages: 1 });
      await stage.age(1_000, Math.min(50, stage.paths.length));
    },
    async run(stage) {
      const mq = stage.mq({ leaseMs: 900 });
      await mq.publish('new', 1);
      await delay(3_500);
    },
  },
};
