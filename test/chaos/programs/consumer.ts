/** A service: one process of a group, which does with each message what its payload says. */
import { setTimeout as sleep } from 'node:timers/promises';

import { LeanMQ, type WebhookDelivery } from '@leanmq/core';

import { SETTLED } from '../history.js';
import type { Act, Task } from '../plan/workload.js';
import {
  ATTEMPTS,
  MAX_CRASHES,
  ONCE,
  PATHS,
  PREFIX,
  TIMES,
  TRIMMED,
  type ConsumerSettings,
} from '../setting.js';
import { begin, endOnTerm, settingsOf, tellOfTroubles } from './life.js';

const settings = settingsOf<ConsumerSettings>();
const { group } = settings;
const mq = new LeanMQ({
  redis: settings.redis,
  prefix: PREFIX,
  group,
  consumerName: settings.slot,
  leaseMs: TIMES.leaseMs,
  drainTimeoutMs: TIMES.drainTimeoutMs,
  publishTimeoutMs: TIMES.publishTimeoutMs,
  blockMs: TIMES.blockMs,
  silenceMs: TIMES.silenceMs,
  sweepMs: TIMES.sweepMs,
  connect: 'wait',
  retention: { count: 10_000_000 },
  handlers: {
    attempts: ATTEMPTS,
    maxCrashes: MAX_CRASHES,
    backoff: { type: 'exponential', baseMs: 40 },
    handlerTimeoutMs: TIMES.handlerTimeoutMs,
    concurrency: 32,
    onExpired: group === 'b' ? 'dead-letter' : 'discard',
  },
});
const history = begin(settings, mq.consumer);
tellOfTroubles(mq, history);
tellOfSettlements();
endOnTerm(mq, history);

let deliveries = 0;
for (const path of PATHS) {
  mq.handle<Task>(path, handle, {
    ...(path === ONCE && { idempotent: ({ data }) => data.key as string }),
  });
}
await mq.start();
await mq
  .queue(TRIMMED)
  .configure({ retention: { count: 0 } })
  // Some other process has done it, or will.
  .catch(() => undefined);

async function handle(delivery: WebhookDelivery<Task>): Promise<void> {
  const { data, path, id, origin, attempt, crashes, replays, expiresAt } = delivery;
  const d = ++deliveries;
  const about = { n: data.n, path, id, origin, attempt, crashes, replays, expiresAt };
  history.write({ e: 'delivered', at: Date.now(), d, ...about, key: data.key });
  try {
    await act(data.acts[group], delivery, d);
  } catch (error) {
    history.write({ e: 'ended', at: Date.now(), d, how: 'failed', aborted: abortOf(delivery) });
    throw error;
  }
  history.write({ e: 'ended', at: Date.now(), d, how: 'ok', aborted: abortOf(delivery) });
}

function abortOf({ signal }: WebhookDelivery): string | undefined {
  return signal.aborted ? (signal.reason as Error).name : undefined;
}

async function act(what: Act, delivery: WebhookDelivery<Task>, d: number): Promise<void> {
  const { attempt, crashes, replays, signal } = delivery;
  if ('ms' in what && what.ms > 0) await sleep(what.ms);
  switch (what.do) {
    case 'ok':
    case 'long':
      return;
    case 'fail':
      if (attempt <= what.times) throw new Error('told to fail');
      return;
    case 'always':
      if (!what.heals || replays === 0) throw new Error('told to fail always');
      return;
    case 'hang':
      if (attempt > what.times) return;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw signal.reason;
    case 'die':
      if (crashes >= what.times) return;
      history.write({ e: 'dies', at: Date.now(), d });
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => undefined);
  }
}

function tellOfSettlements(): void {
  for (const name of SETTLED) {
    mq.events.on(name, (event: { path: string; id: string; attempt: number }) => {
      const { path, id, attempt } = event;
      history.write({
        ...{ e: name, at: Date.now(), path, id, attempt },
        ...('leaseLost' in event && { leaseLost: event.leaseLost as boolean }),
        ...('reason' in event && { reason: event.reason as string }),
      });
    });
  }
  mq.events.on('reclaimed', ({ path, count }) =>
    history.write({ e: 'reclaimed', at: Date.now(), path, count }),
  );
  mq.events.on('suspected', ({ path, count }) =>
    history.write({ e: 'suspected', at: Date.now(), path, count }),
  );
}
