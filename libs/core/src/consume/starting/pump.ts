import { performance } from 'node:perf_hooks';

import { inOwnContext } from '../../own-context.js';

// How long handlers that end at once may keep the event loop; then everything else has its turn.
const TURN_MS = 5;

/**
 * Calls for work once however often it is asked for, before the event loop goes on: what was read is handled while it is
 * in the processor's caches, and its acks go as one command. Work that leads to
 * work goes on in the same turn, for a few milliseconds.
 */
export class Pump {
  private isScheduled = false;
  /** When this turn of the event loop was long enough, monotonic ms; 0 before there was work in it. */
  private turnEndsAt = 0;

  constructor(private readonly work: () => void) {}

  soon(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    if (this.turnEndsAt === 0) process.nextTick(this.beginTurn);
    else if (performance.now() < this.turnEndsAt) process.nextTick(this.run);
    else setImmediate(this.beginTurn);
  }

  private readonly beginTurn = (): void => {
    this.turnEndsAt = performance.now() + TURN_MS;
    setImmediate(this.endTurn);
    // Whoever asked for it may be in a request.
    inOwnContext(this.run);
  };

  private readonly endTurn = (): void => {
    this.turnEndsAt = 0;
  };

  private readonly run = (): void => {
    this.isScheduled = false;
    this.work();
  };
}
