/**
 * A service that loads a given version of the core, and publishes numbers in every possible way or handles them.
 * The process reports to its parent: `['ready']`, `['sent', n]`, `['done', n, attempt]`.
 */
import { createRequire } from 'node:module';

import type * as Core from '@leanmq/core';

export interface VersionSettings {
  /** The file with this version of the core. */
  readonly core: string;
  readonly path: string;
  readonly options: Core.LeanMQOptions;
  readonly role: 'publish' | 'consume' | 'replay';
  /** The numbers that a publisher publishes. */
  readonly numbers?: readonly [from: number, count: number];
  /** True when the handler of a consumer no longer fails. */
  readonly isHealed?: boolean;
}

const settings = JSON.parse(process.argv[2] ?? '') as VersionSettings;
const { path, options, role, numbers = [0, 0], isHealed = false } = settings;
const { LeanMQ } = createRequire(import.meta.url)(settings.core) as typeof Core;
const tell = (message: unknown): void => void process.send?.(message);

process.once('disconnect', () => process.exit(1));
const mq = new LeanMQ(options);

/** Publishes a number; half of them with options or in a transaction. */
async function publish(n: number): Promise<void> {
  const options: Record<number, Core.PublishOptions> = {
    1: { delayMs: 150 },
    2: { ttlMs: 600_000 },
    3: { messageId: `m-${n}` },
    4: { delayMs: 50, ttlMs: 600_000, messageId: `d-${n}`, headers: { n: String(n) } },
  };
  if (n % 10 === 5) await mq.transaction((tx) => tx.send(path, n));
  else await mq.publish(path, n, options[n % 10]);
  tell(['sent', n]);
}

switch (role) {
  case 'publish':
    await mq.connect();
    tell(['ready']);
    for (let n = numbers[0]; n < numbers[0] + numbers[1]; n += 1) {
      await publish(n);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    tell(['finished']);
    break;
  case 'consume':
    mq.handle<number>(path, ({ data: n, attempt }) => {
      if (!isHealed && (n % 25 === 0 || (n % 7 === 0 && attempt === 1))) throw new Error('no');
      tell(['done', n, attempt]);
    });
    await mq.start();
    tell(['ready']);
    break;
  case 'replay':
    tell(['replayed', await mq.deadLetters(path).replayAll()]);
}
