import { performance } from 'node:perf_hooks';

import type { ConsumerContext } from './context.js';
import type { Isolation } from './isolation.js';
import type { Reclaimer } from './reclaimer.js';
import { lockQuarantineScript } from './scripts.js';
import type { Subscription } from './subscription.js';

// Suspects are rare and mostly innocent; the others must not wait for them for long.
const SESSION_MS = 1_000;
// A process whose handlers run for long must not spend its time waiting for them to end.
const LEASES_BETWEEN_TRIES = 9;

/**
 * Runs suspects apart: in one process of the group at a time, with nothing else in flight there. A message that has been
 * in two crashes may have caused them or may have been a neighbour. First they run together, because most are innocent
 * and those that take long would take longer one by one; who was in a crash then runs alone, and when the process dies
 * with it alone, it is known.
 */
export class Quarantine {
  private readonly waiting = new Set<Subscription>();
  private current: Promise<void> | undefined;
  /** Not to be tried again before, monotonic ms. */
  private notBefore = 0;
  private stopped = false;

  constructor(
    private readonly context: ConsumerContext,
    private readonly reclaimer: Reclaimer,
    private readonly isolation: Isolation,
  ) {}

  /** There are suspects on the route. They are reported at every reclaim until somebody has run them. */
  request(subscription: Subscription): void {
    if (this.stopped || performance.now() < this.notBefore) return;
    this.waiting.add(subscription);
    this.current ??= this.session().finally(() => {
      this.current = undefined;
    });
  }

  /** Resolves when no suspect is run alone any more. */
  get ended(): Promise<void> {
    return this.current ?? Promise.resolve();
  }

  /** Resolves when none is taken any more. */
  stop(): Promise<void> {
    this.stopped = true;
    return this.ended;
  }

  private async session(): Promise<void> {
    if (!(await this.lock().catch(() => false))) {
      this.waiting.clear();
      return;
    }
    this.reclaimer.paused = true;
    try {
      const { leaseMs } = this.context.options;
      const isDone = (await this.isolation.enter(leaseMs)) && (await this.runSuspects());
      if (!isDone) this.notBefore = performance.now() + leaseMs * LEASES_BETWEEN_TRIES;
    } catch {
      // The connection broke: the suspects stay where they are and are reported again.
    } finally {
      this.waiting.clear();
      this.reclaimer.paused = this.stopped;
      this.isolation.leave();
      await this.unlock().catch(() => undefined);
    }
  }

  /** Whether none of them is left running, which would have to be waited for before the next ones. */
  private async runSuspects(): Promise<boolean> {
    const until = performance.now() + SESSION_MS;
    for (const subscription of this.waiting) {
      while (performance.now() < until && !this.stopped) {
        const { concurrency } = subscription.options;
        const suspects = await this.reclaimer.takeSuspects(subscription, concurrency);
        if (suspects.length === 0) break;
        const renewal = setInterval(
          () => void this.extendLock().catch(() => undefined),
          this.context.options.leaseMs / 3,
        );
        const areOver = await this.isolation
          .runApart(suspects)
          .finally(() => clearInterval(renewal));
        if (!areOver) return false;
      }
    }
    return true;
  }

  // The lock only spares the other processes; two that hold it at once would do no harm, so it needs no fence.
  private async lock(): Promise<boolean> {
    const { command, consumer, options } = this.context;
    const { leaseMs } = options;
    const keys = { lock: this.key };
    return (
      (await lockQuarantineScript.run(command.client, keys, { consumer, leaseMs })) === 'locked'
    );
  }

  private async extendLock(): Promise<void> {
    await this.context.command.client.pexpire(this.key, this.context.options.leaseMs);
  }

  private async unlock(): Promise<void> {
    const { client } = this.context.command;
    if ((await client.get(this.key)) === this.context.consumer) await client.del(this.key);
  }

  private get key(): string {
    return this.context.keys.quarantine(this.context.group);
  }
}
