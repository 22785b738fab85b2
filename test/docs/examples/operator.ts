import type { LeanMQ } from '@leanmq/core';

export async function replayOutage(mq: LeanMQ, path: string, group: string): Promise<number> {
  const letters = mq.deadLetters(path, group);
  const outage = { code: ['ECONNREFUSED', 'ETIMEDOUT'] };
  const { matched, sample } = await letters.replay({ ...outage, dryRun: true });
  console.log(`${matched} letters, for example ${sample[0]?.id}`);
  const { replayed } = await letters.replay({ ...outage, perSecond: 100 });
  return replayed;
}

export async function migrate(mq: LeanMQ, path: string, work: () => Promise<void>): Promise<void> {
  const queue = mq.queue(path);
  await queue.pause({ group: 'billing', drain: true, timeoutMs: 60_000 });
  try {
    await work();
  } finally {
    await queue.resume('billing');
  }
}
