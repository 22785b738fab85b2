import type { LeanMQ } from '@leanmq/core';

/** How often the log says again that Redis is away, ms. */
const AGAIN_MS = 30_000;

/** Says now and then that Redis is still away, and how many sends wait for it. */
export class AwayLog {
  private timer: NodeJS.Timeout | undefined;
  private since = 0;

  constructor(
    private readonly mq: Pick<LeanMQ, 'health'>,
    private readonly warn: (line: string) => void,
    private readonly everyMs: number = AGAIN_MS,
  ) {}

  /** Redis is away from now on, or has been found to be; to call it again changes nothing. */
  begin(): void {
    if (this.timer !== undefined) return;
    this.since = performance.now();
    this.timer = setInterval(() => this.say(), this.everyMs);
    // It keeps no process alive.
    this.timer.unref();
  }

  private say(): void {
    const { isClosed, connections, publishing } = this.mq.health();
    const away = Object.keys(connections).filter((role) => connections[role] === false);
    if (isClosed || away.length === 0) return this.end();
    const seconds = Math.round((performance.now() - this.since) / 1_000);
    const waiting = publishing === 1 ? '1 send waits' : `${publishing} sends wait`;
    this.warn(`Still without Redis (${away.join(', ')}) after ${seconds} s; ${waiting}`);
  }

  private end(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
