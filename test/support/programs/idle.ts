/**
 * A service that is subscribed to some queues and has nothing to do. The process reports `['ready']`, `['lost']`,
 * `['regained']`, `['done']`, and every second its processor time since the start, in ms: `['used', ms]`.
 */
import { LeanMQ, type LeanMQOptions } from '@leanmq/core';

export interface IdleSettings {
  readonly paths: readonly string[];
  readonly options: LeanMQOptions;
}

const { paths, options } = JSON.parse(process.argv[2] ?? '') as IdleSettings;
const tell = (message: unknown): void => void process.send?.(message);

process.once('disconnect', () => process.exit(1));
const mq = new LeanMQ(options);
mq.events.on('connectionLost', () => tell(['lost']));
mq.events.on('connectionRegained', () => tell(['regained']));
mq.events.on('fault', ({ error }) => tell(['fault', error.message]));
mq.events.on('warning', ({ message }) => tell(['warning', message]));
for (const path of paths) mq.handle(path, () => tell(['done']));
await mq.start();
setInterval(() => {
  const { user, system } = process.cpuUsage();
  tell(['used', (user + system) / 1_000]);
}, 1_000);
tell(['ready']);
