/**
 * A process without handlers that moves due messages and makes recurring sends. The process reports to its parent:
 * `['ready']`, `['promoted', count]`, `['ticked', message ids]`.
 */
import { LeanMQ, type LeanMQOptions, type ScheduleSpec } from '@leanmq/core';

export interface SchedulerSettings {
  readonly path: string;
  readonly options: LeanMQOptions;
  readonly recurring?: ScheduleSpec;
}

const { path, options, recurring } = JSON.parse(process.argv[2] ?? '') as SchedulerSettings;
const tell = (message: unknown): void => void process.send?.(message);

const mq = new LeanMQ(options);
mq.events.on('promoted', ({ count }) => tell(['promoted', count]));
mq.events.on('ticked', ({ ids }) => tell(['ticked', ids]));
process.once('disconnect', () => process.exit(1));
if (recurring !== undefined) await mq.schedules.upsert(recurring);
// A publisher looks after the routes that it sends to.
else await mq.publish(path, 'here');
tell(['ready']);
