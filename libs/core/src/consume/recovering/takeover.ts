import { performance } from 'node:perf_hooks';

import { isConnectionFault } from '../../redis/index.js';
import { ClockSteps } from './clock-steps.js';
import type { ConsumerContext } from '../route/context.js';
import { suspectFrom } from '../route/options.js';
import {
  reclaimScript,
  restampScript,
  type PendingCursor,
  type Reclaimed,
} from './takeover-scripts.js';
import type { Subscription } from '../route/subscription.js';

/** Routes per call; each costs the server two looks at a pending list. */
export const ROUTES_PER_CALL = 50;
/** Calls per visit that look for stale deliveries of the same routes; the rest is left to the next visit. */
export const MAX_CALLS = 20;
// Each is one short look, mostly.
const STREAMS_PER_RESTAMP = 200;
// Limit on the bodies that a call takes over, which takes Redis a few milliseconds.
const MAX_BYTES = 1024 * 1024;

/** Position at which a call continues on a route. */
export interface Look extends PendingCursor {
  readonly subscription: Subscription;
}

export const BEGINNING: PendingCursor = Object.freeze({ log: '', inbox: '' });
export const WHOLE: PendingCursor = Object.freeze({ log: 'end', inbox: 'end' });

export function isWhole({ log, inbox }: PendingCursor): boolean {
  return log === 'end' && inbox === 'end';
}

export type TakeoverMode = 'normal' | 'suspect' | 'lone';

export interface TakeoverHooks {
  /** Reports that the reply of a takeover was lost: we may own deliveries that this process does not know. */
  onUncertain?: () => void;
  /** Reports that the server's clock was set, or that another server answers whose clock differs. */
  onClockStep?: (stepMs: number) => void;
}

/** Calls that look for stale deliveries and take them over, each of limited size. */
export class Takeover {
  private readonly clockSteps = new ClockSteps();
  /** Set while delivery times may lie in the future of the server's clock. */
  private mustRestamp = true;

  constructor(
    private readonly context: ConsumerContext,
    private readonly subscriptions: ReadonlySet<Subscription>,
    private readonly hooks: TakeoverHooks,
  ) {}

  /** Accepts the deliveries taken, except those that must run alone. */
  async call(
    looks: readonly Look[],
    mode: TakeoverMode,
    how: 'look' | 'take',
    room: (subscription: Subscription) => number,
  ): Promise<readonly Reclaimed[]> {
    const { command, group, consumer, options, clock } = this.context;
    const { maxCrashes } = (looks[0] as Look).subscription.options;
    const { leaseMs } = options;
    const sentAt = performance.now();
    const { serverMs, found } = await reclaimScript
      .run(
        command.client,
        {},
        {
          ...{ group, consumer, leaseMs, maxCrashes, mode, how },
          confirmMs: Math.floor(leaseMs / 3),
          suspectFrom: suspectFrom(maxCrashes),
          maxBytes: MAX_BYTES,
        },
        {
          keys: looks.flatMap(({ subscription: { keys } }) => [
            ...[keys.log, keys.inbox(group), keys.stale(group)],
          ]),
          args: looks.flatMap(({ subscription, log, inbox }) => [room(subscription), log, inbox]),
        },
      )
      .catch((error: unknown) => {
        if (isConnectionFault(error)) this.hooks.onUncertain?.();
        throw error;
      });
    const stepMs = this.clockSteps.note(serverMs, sentAt, performance.now());
    clock.sync(serverMs, sentAt);
    if (stepMs !== 0) {
      this.mustRestamp ||= stepMs < 0;
      this.hooks.onClockStep?.(stepMs);
    }
    if (mode !== 'normal') return found;
    found.forEach(({ taken }, index) => {
      for (const claim of taken) looks[index]?.subscription.accept(claim, sentAt + leaseMs);
    });
    return found;
  }

  /** Restamps deliveries after the server's clock was set back; they would only become stale once it has caught up. */
  async restampIfDue(): Promise<void> {
    if (!this.mustRestamp) return;
    const { command, group } = this.context;
    this.mustRestamp = false;
    try {
      const keys = [...this.subscriptions].flatMap((each) => [
        each.keys.log,
        each.keys.inbox(group),
      ]);
      for (let from = 0; from < keys.length; from += STREAMS_PER_RESTAMP) {
        let streams = keys.slice(from, from + STREAMS_PER_RESTAMP);
        let cursors = streams.map(() => '');
        while (streams.length > 0) {
          const next = await restampScript.run(
            command.client,
            {},
            { group },
            { keys: streams, args: cursors },
          );
          streams = streams.filter((_, index) => next[index] !== 'end');
          cursors = next.filter((cursor) => cursor !== 'end');
        }
      }
    } catch (error) {
      this.mustRestamp = true;
      throw error;
    }
  }
}
