/**
 * A service in its own process. Each message says what the handler does; the process reports to its parent:
 * `['begin', n, attempt, crashes]`, `['done', n, attempt]`. SIGTERM shuts it down gracefully.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { LeanMQ, type LeanMQOptions } from '@leanmq/core';

export interface Task {
  readonly n: number;
  readonly act: 'return' | 'hang' | 'die' | 'sleep' | 'throw';
  readonly ms?: number;
}

export interface ConsumerSettings {
  readonly path: string;
  readonly options: LeanMQOptions;
}

const settings = JSON.parse(process.argv[2] ?? '') as ConsumerSettings;
const tell = (message: unknown): void => void process.send?.(message);

const mq = new LeanMQ(settings.options);
mq.events.on('deadLettered', ({ id, reason }) => tell(['dead', id, reason]));
mq.events.on('suspected', ({ count }) => tell(['suspected', count]));
mq.handle<Task>(settings.path, async ({ data, attempt, crashes }) => {
  tell(['begin', data.n, attempt, crashes]);
  switch (data.act) {
    case 'hang':
      await new Promise(() => undefined);
      break;
    case 'die':
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => undefined);
      break;
    case 'sleep':
      await sleep(data.ms);
      break;
    case 'throw':
      throw new Error('told to');
    case 'return':
  }
  tell(['done', data.n, attempt]);
});
process.once('SIGTERM', () => {
  void mq.close().then(() => process.exit(0));
});
process.once('disconnect', () => process.exit(1));
await mq.start();
tell(['ready']);
