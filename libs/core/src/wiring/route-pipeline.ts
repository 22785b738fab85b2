import type { LeanMQError } from '../errors.js';
import type { Events } from '../events.js';
import type { HandleOptions } from '../handler-options.js';
import type { InFlight, Outcome, Source } from '../message/index.js';
import type { Consumer, ConsumerContext, Subscription } from '../consume/index.js';
import {
  Once,
  Runner,
  type OpenRules,
  type RunnerHooks,
  type WebhookHandler,
} from '../run/index.js';
import { Settler, type SettlerHooks, type Verdict } from '../settle/index.js';
import type { Sweeper } from '../sweep/index.js';
import { ACK_ORDERS, type AckOrder, type AckSteps } from './ack-order.js';
import { aboutDelivery, tellBlocked, tellLost } from './delivery-events.js';
import { noteSettled } from './note-settled.js';

/** A handler as it was registered. */
export interface Registration {
  readonly path: string;
  readonly handler: WebhookHandler;
  readonly options: HandleOptions;
}

export interface PipelineParts {
  readonly context: ConsumerContext;
  readonly sweeper: Sweeper;
  readonly events: Events;
  readonly onFault: (where: string, error: unknown) => void;
  /** Reports that a delivery has ended, to a caller that counts. */
  readonly onSettled?: (verdict: Verdict, outcome: Outcome | undefined) => void;
}

type RouteDelivery = InFlight<Subscription>;

/**
 * Takes the deliveries of one route from their slot to their end. The methods stand in the order of time:
 *
 * `start` → the handler → `onOutcome` → `onEnded` (the slot is free) → Redis → `onSettled` or `onGivenUp`
 */
export class RoutePipeline implements RunnerHooks<Subscription>, SettlerHooks<Subscription> {
  private readonly order: AckOrder;
  private readonly steps: AckSteps;
  private readonly runner: Runner<Subscription>;
  private readonly settler: Settler<Subscription>;

  /** @param consuming returns the consumer, which is built from its routes and so exists later than they do */
  constructor(
    private readonly parts: PipelineParts,
    readonly subscription: Subscription,
    readonly registration: Registration,
    private readonly consuming: () => Consumer,
  ) {
    const { context } = parts;
    const { handler, options } = registration;
    this.order = ACK_ORDERS[options.ack];
    const rules = openRules(context, options.maxCrashes);
    const once = onceOf(context, subscription, options);
    this.runner = new Runner<Subscription>({ handler, rules, options, once }, this);
    this.settler = settlerOf(context, subscription, options, this);
    this.steps = {
      run: (delivery) => this.runner.run(delivery),
      settle: (delivery, outcome) => this.settler.settle(delivery, outcome),
      end: (delivery) => this.consuming().ended(delivery),
      lose: (delivery, outcome) => tellLost(parts.events, context.consumer, delivery, outcome),
    };
  }

  /** Takes a delivery that has a slot. */
  start(delivery: RouteDelivery): void {
    const { events, context } = this.parts;
    if (events.isHeard('delivered')) {
      events.tell('delivered', () => aboutDelivery(delivery, context.consumer));
    }
    this.order.start(delivery, this.steps);
  }

  /** Gives the delivery back to the group; no attempt is used up. */
  release(delivery: RouteDelivery): void {
    this.settler.settle(delivery, { kind: 'released' });
  }

  onOutcome(delivery: RouteDelivery, outcome: Outcome): void {
    this.order.outcome(delivery, outcome, this.steps);
  }

  onEnded(delivery: RouteDelivery): void {
    this.consuming().ended(delivery);
  }

  onSettled(delivery: RouteDelivery, verdict: Verdict, isOurs: boolean): void {
    this.consuming().settled(delivery);
    this.order.settled(delivery, isOurs, this.steps);
    noteSettled(this.parts, delivery, verdict, isOurs);
    this.parts.onSettled?.(verdict, delivery.outcome);
  }

  onGivenUp(delivery: RouteDelivery, reason: LeanMQError): void {
    this.consuming().giveUp(delivery, reason);
    this.order.givenUp(delivery, this.steps);
  }

  onBlocked(count: number): void {
    tellBlocked(this.parts.events, this.subscription, count);
  }

  onFault(error: unknown): void {
    this.parts.onFault('settle', error);
  }
}

/** Returns the rules by which this process opens the entries of any route. */
export function openRules(context: ConsumerContext, maxCrashes: number): OpenRules<Subscription> {
  return {
    consumer: context.consumer,
    maxCrashes,
    now: () => context.clock.now(),
    readRaw: (inFlight) => readRaw(context, inFlight),
  };
}

/** Creates the settler of one route in this process. */
export function settlerOf(
  { consumer, command: connection, clock }: ConsumerContext,
  route: Subscription,
  options: HandleOptions,
  hooks: SettlerHooks<Subscription>,
): Settler<Subscription> {
  const now = (): number => clock.now();
  return new Settler({ route, consumer, connection, options, now }, hooks);
}

async function readRaw(
  { command }: ConsumerContext,
  { route, source, entryId }: RouteDelivery & { source: Source },
): Promise<Buffer[]> {
  const [entry] = await command.run((client) =>
    client.xrangeBuffer(route.streamOf(source), entryId, entryId),
  );
  return entry?.[1] ?? [];
}

function onceOf(
  context: ConsumerContext,
  { keys }: Subscription,
  options: HandleOptions,
): Once | undefined {
  if (options.idempotent === false) return undefined;
  const { group, consumer, command: connection } = context;
  const { leaseMs } = context.options;
  return new Once({ options, keys, group, consumer, leaseMs, connection });
}
