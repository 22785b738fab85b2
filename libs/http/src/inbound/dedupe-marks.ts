import { randomUUID } from 'node:crypto';

import { BrokerUnavailableError, type LeanMQ } from '@leanmq/core';

import { beginInbound, freeInbound, type InboundDecision } from '../redis/index.js';

/** A sender gives up after some seconds: longer than this is not waited for Redis. */
const PATIENCE_MS = 2_000;

/** Marks of one id while its request is handled. */
export class DedupeMark {
  private readonly owner = randomUUID();
  private renewal: NodeJS.Timeout | undefined;

  constructor(
    private readonly mq: LeanMQ,
    private readonly key: string,
    private readonly leaseMs: number,
  ) {}

  /**
   * Takes the id, and keeps it until `done` or `free`.
   *
   * @throws {BrokerUnavailableError} if Redis does not answer in time
   */
  async begin(): Promise<InboundDecision> {
    const decision = await this.run();
    if (decision.state === 'run') {
      this.renewal = setInterval(() => void this.run().catch(() => undefined), this.leaseMs / 3);
      this.renewal.unref();
    }
    return decision;
  }

  /** Remembers that the handler has succeeded, whoever has the id by now. */
  async done(windowMs: number): Promise<void> {
    clearInterval(this.renewal);
    await inTime(this.mq.redis.set(this.key, 'done', 'PX', windowMs));
  }

  /** Lets the sender's next attempt run. */
  async free(): Promise<void> {
    clearInterval(this.renewal);
    await inTime(freeInbound.run(this.mq.redis, { mark: this.key }, { owner: this.owner }));
  }

  private run(): Promise<InboundDecision> {
    const { owner, leaseMs } = this;
    return inTime(beginInbound.run(this.mq.redis, { mark: this.key }, { owner, leaseMs }));
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = (): BrokerUnavailableError =>
      new BrokerUnavailableError(`Redis did not answer within ${PATIENCE_MS} ms.`, 'unknown');
    timer = setTimeout(() => reject(error()), PATIENCE_MS);
  });
  // It may be refused after the time is over.
  answer.catch(() => undefined);
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
