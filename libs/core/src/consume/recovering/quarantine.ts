import { performance } from 'node:perf_hooks';

import type { ConsumerContext } from '../route/context.js';
import type { Isolation } from './isolation.js';
import type { Reclaimer } from './reclaimer.js';
import { lockQuarantineScript } from './takeover-scripts.js';
import type { Subscription } from '../route/subscription.js';

// Suspects are rare and mostly innocent; the others must not wait for them for long.
const SESSION_MS = 1_000;
// How much of that is for the handlers to end that are running when it begins.
const QUIET_MS = 500;
// Where handlers always run for longer, suspects run beside them in the end.
const TRIES = 3;

/**
 * Runs suspects apart: in one process of the group at a time, with nothing else in flight there. A message that has been
 * in two crashes may have caused them or may have been a neighbour. First they run together, because most are innocent
 * and those that take long would take longer one by one; who was in a crash then runs alone, and when the process dies
 * with it alone, it is known.
 *
 * Nothing else waits for longer than a session: a suspect that takes longer is joined by others, and where handlers do not
 * end in time, suspects run beside them after a few tries.
 */
export class Quarantine {
  private readonly waiting = new Set<Subscription>();
  private current: Promise<void> | undefined;
  /** Not to be tried again before, monotonic ms. */
  private notBefore = 0;
  private stopped = false;
  /** How often in a row there were handlers that did not end. */
  private crowdedTries = 0;

  constructor(
    private readonly context: ConsumerContext,
    private readonly reclaimer: Reclaimer,
    private readonly isolation: Isolation,
    /** Suspects of these paths are about to run beside other handlers. */
    private readonly onCrowded: (paths: readonly string[]) => void,
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

  /** Whether none of them is left running, which would have to be waited for before the next ones. */
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
