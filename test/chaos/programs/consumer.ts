/** Consumer process of a group. Its handler does what the payload of each message says. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { LeanMQ, type WebhookDelivery } from '@leanmq/core';

import { SETTLED } from '../history.js';
import type { Act, Payload } from '../plan/workload.js';
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
    concurrency: settings.concurrency,
    onExpired: group === 'b' ? 'dead-letter' : 'discard',
  },
});
const history = begin(settings, mq.consumer);
tellOfTroubles(mq, history);
tellOfSettlements();
endOnTerm(mq, history);

// A handler never leaves its context, so anything that sees it later has leaked out of that handler.
const context = new AsyncLocalStorage<number>();
let deliveries = 0;
for (const path of PATHS) {
  mq.handle<Payload>(path, handle, {
    ...(path === ONCE && { idempotent: ({ data }) => data.key as string }),
  });
}
await mq.start();
await mq
  .queue(TRIMMED)
  .configure({ retention: { count: 0 } })
  // If it fails here, another process does it.
  .catch(() => undefined);

async function handle(delivery: WebhookDelivery<Payload>): Promise<void> {
  tellOfLeak('handler');
  const { data, path, id, origin, attempt, crashes, replays, expiresAt } = delivery;
  const d = ++deliveries;
  context.enterWith(data.n);
  const about = { n: data.n, path, id, origin, attempt, crashes, replays, expiresAt };
  history.write({ e: 'delivered', at: Date.now(), d, ...about, key: data.key });
  if (data.text?.length !== data.pad) history.write({ e: 'damaged', at: Date.now(), n: data.n });
  try {
    await act(data.acts[group], delivery, d);
  } catch (error) {
    history.write({ e: 'ended', at: Date.now(), d, how: 'failed', aborted: abortOf(delivery) });
    throw error;
  }
  history.write({ e: 'ended', at: Date.now(), d, how: 'ok', aborted: abortOf(delivery) });
}

function tellOfLeak(into: string): void {
  const from = context.getStore();
  if (from !== undefined) history.write({ e: 'leak', at: Date.now(), from, into });
}

function abortOf({ signal }: WebhookDelivery): string | undefined {
  return signal.aborted ? (signal.reason as Error).name : undefined;
}

async function act(what: Act, delivery: WebhookDelivery<Payload>, d: number): Promise<void> {
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
      tellOfLeak(name);
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
