import { InvalidDeliveryError, RejectError, type LeanMQ } from '@leanmq/core';

import type { Broker } from './broker.js';
import { eventually } from './eventually.js';

export interface Job {
  readonly n: number;
  readonly fails?: 'reject' | 'type' | 'range' | 'invalid';
}

function failOf({ fails, n }: Job): void {
  if (fails === 'reject') throw new RejectError(`Rejected ${n}`);
  if (fails === 'type') throw new TypeError('is not a function');
  if (fails === 'range') throw new RangeError(`out of range: ${n}`);
  if (fails === 'invalid') throw new InvalidDeliveryError('Wrong shape');
}

export interface DeadJobs {
  readonly mq: LeanMQ;
  /** Makes the jobs for which `isHealed` returns true succeed from now on. */
  heal(isHealed: (job: Job) => boolean): void;
  /** Numbers of the jobs that have succeeded since. */
  readonly done: number[];
}

/** Publishes jobs to `/job` and waits until all are dead letters of group `g`, after one attempt. */
export async function deadJobs(broker: Broker, jobs: readonly Job[]): Promise<DeadJobs> {
  let isHealed: (job: Job) => boolean = () => false;
  const done: number[] = [];
  const mq = await broker.consume<Job>(
    '/job',
    ({ data }) => {
      if (!isHealed(data)) failOf(data);
      done.push(data.n);
    },
    { group: 'g', handlers: { attempts: 1 } },
  );
  for (const job of jobs) await mq.publish('/job', job, { headers: { tenant: `t${job.n}` } });
  await eventually(async () => (await mq.deadLetters('/job').count()) === jobs.length);
  return { mq, heal: (next) => void (isHealed = next), done };
}

/** Returns `count` jobs, numbered from 0, that fail in the same way. */
export function failing(count: number, fails: Job['fails'] & string = 'reject'): Job[] {
  return Array.from({ length: count }, (_, n) => ({ n, fails }));
}
