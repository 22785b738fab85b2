import type { LeanMQEvents } from '@leanmq/nestjs';

import { eventually } from '../../support/eventually.js';
import type { App } from './nest.js';

/** As many as are sent at once come as one batch, also on a slow machine. */
export const batchOf = (size: number) => ({ batch: { size, waitMs: 5_000 }, concurrency: 1 });

/** Sends them at once. */
export async function sendAll(
  { publisher }: App,
  path: string,
  payloads: readonly unknown[],
): Promise<void> {
  await publisher.sendMany(
    path,
    payloads.map((data) => ({ data })),
  );
}

/** Waits until so many messages have been acked or are dead; call it before they are sent. */
export async function ended({ mq }: App, count: number) {
  const acked: LeanMQEvents['acked'][0][] = [];
  const dead: LeanMQEvents['deadLettered'][0][] = [];
  mq.events.on('acked', (event) => acked.push(event));
  mq.events.on('deadLettered', (event) => dead.push(event));
  await eventually(() => acked.length + dead.length === count);
  return { acked, dead };
}
