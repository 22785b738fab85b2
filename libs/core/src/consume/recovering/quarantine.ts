import { performance } from 'node:perf_hooks';

import type { ConsumerContext } from '../route/context.js';
import type { Isolation } from './isolation.js';
import type { Reclaimer } from './reclaimer.js';
import { lockQuarantineScript } from './takeover-scripts.js';
import type { Subscription } from '../route/subscription.js';

// Suspects are rare and mostly innocent; other messages must not wait long for them.
const SESSION_MS = 1_000;
// Share of a session in which handlers that are running at its start may end.
const QUIET_MS = 500;
// When handlers always run longer, suspects finally run beside them.
const TRIES = 3;

/**
 * Runs suspects apart: in one process of the group at a time, with nothing else in flight there. A message that was in
 * two crashes may have caused them or may have been a neighbour. Suspects first run together, because most are innocent
 * and running slow ones one by one takes longer. A suspect that was in another crash then runs alone; if the process
 * dies again, the cause is known.
 *
 * Other messages wait no longer than a session: a suspect that takes longer is joined by others, and when handlers do
 * not end in time, suspects run beside them after a few tries.
 */
export class Quarantine {
  private readonly waiting = new Set<Subscription>();
  private current: Promise<void> | undefined;
  /** Time of the next try at the earliest, monotonic ms. */
  private notBefore = 0;
  private stopped = false;
  /** Consecutive tries in which handlers did not end in time. */
  private crowdedTries = 0;

  constructor(
    private readonly context: ConsumerContext,
    private readonly reclaimer: Reclaimer,
    private readonly isolation: Isolation,
    /** Reports that suspects of these paths are about to run beside other handlers. */
    private readonly onCrowded: (paths: readonly string[]) => void,
  ) {}

  /** Reports suspects on the route; repeated at every reclaim until somebody has run them. */
  request(subscription: Subscription): void {
    if (this.stopped || performance.now() < this.notBefore) return;
    this.waiting.add(subscription);
    this.current ??= this.session().finally(() => {
      this.current = undefined;
    });
  }

  /** Resolves when no suspect runs alone any more. */
  get ended(): Promise<void> {
    return this.current ?? Promise.resolve();
  }

  /** Resolves when no suspect is taken any more. */
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
      const until = performance.now() + SESSION_MS;
      const isQuiet = await this.isolation.enter(Math.min(QUIET_MS, leaseMs));
      const isDone = this.mayRun(isQuiet) && (await this.runSuspects(until));
      if (!isDone) this.notBefore = performance.now() + leaseMs;
    } catch {
      // The connection broke: the suspects stay where they are and are reported again.
    } finally {
      this.waiting.clear();
      this.reclaimer.paused = this.stopped;
      this.isolation.leave();
      await this.unlock().catch(() => undefined);
    }
  }

  private mayRun(isQuiet: boolean): boolean {
    this.crowdedTries = isQuiet ? 0 : this.crowdedTries + 1;
    if (this.crowdedTries === 0) return true;
    if (this.crowdedTries < TRIES || this.stopped) return false;
    this.crowdedTries = 0;
    this.onCrowded([...this.waiting].map(({ path }) => path));
    return true;
  }

  /** Resolves to true when no suspect is left running; the next ones would have to wait for it. */
  private async runSuspects(until: number): Promise<boolean> {
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
          .runApart(suspects, Math.max(0, until - performance.now()))
          .finally(() => clearInterval(renewal));
        if (!areOver) return false;
      }
    }
    return true;
  }

  // The lock only spares the other processes; two holders at once do no harm, so it needs no fence.
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
