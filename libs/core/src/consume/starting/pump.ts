import { performance } from 'node:perf_hooks';

import { inOwnContext } from '../../own-context.js';

// Time for which handlers that end at once may keep the event loop; then other work has its turn.
const TURN_MS = 5;

/**
 * Runs the work once per turn of the event loop, however often it is requested: new messages are handled while they are
 * in the processor's caches, and their acks go as one command. Work that leads to more work continues in the same turn,
 * for a few milliseconds.
 */
export class Pump {
  private isScheduled = false;
  /** End of this turn's share of the event loop, monotonic ms; 0 before there was work in it. */
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
    // The request may come from within the async context of application code.
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
