import type { Events } from '../events.js';
import type { InFlight, Outcome, Source } from '../message/index.js';
import type { HandleOptions } from '../handler-options.js';
import { Consumer, Subscription, type ConsumerContext } from '../receive/index.js';
import { Once, Runner, type WebhookHandler } from '../run/index.js';
import { Settler, type Verdict } from '../settle/index.js';
import type { Sweeper } from '../sweep/index.js';
import { aboutDelivery, tellBlocked, tellLost, tellSettled } from './delivery-events.js';

/** A handler as it was registered. */
export interface Registration {
  readonly path: string;
  readonly handler: WebhookHandler;
  readonly options: HandleOptions;
}

export interface ConsumingParts {
  readonly context: ConsumerContext;
  readonly registrations: Iterable<Registration>;
  readonly sweeper: Sweeper;
  readonly events: Events;
  readonly onFault: (where: string, error: unknown) => void;
  /** A delivery has ended; for whoever counts. */
  readonly onSettled?: (verdict: Verdict, outcome: Outcome | undefined) => void;
}

interface Steps {
  readonly start: (delivery: InFlight<Subscription>) => void;
  readonly settler: Settler<Subscription>;
}

/** Wires receive, run and settle together for all handlers of a process. */
export function buildConsumer({
  context,
  registrations,
  sweeper,
  events,
  onFault,
  onSettled,
}: ConsumingParts): Consumer {
  const { group, consumer, keys } = context;
  const steps = new Map<Subscription, Steps>();
  const subscriptions = [...registrations].map((registration) => {
    const { path, options } = registration;
    const subscription = new Subscription(
      path,
      keys.route(path),
      group,
      slotsOf(options),
      options.onExpired === 'dead-letter',
    );
    steps.set(subscription, stepsOf(subscription, registration));
    sweeper.add(path);
    return subscription;
  });
  const consuming = new Consumer(context, subscriptions, {
    run: (delivery) => {
      if (events.isHeard('delivered')) {
        events.tell('delivered', () => aboutDelivery(delivery, consumer));
      }
      steps.get(delivery.route)?.start(delivery);
    },
    release: (delivery) =>
      steps.get(delivery.route)?.settler.settle(delivery, { kind: 'released' }),
    onReclaimed: ({ path }, count) => events.tell('reclaimed', () => ({ path, group, count })),
    onSuspects: ({ path }, count) => events.tell('suspected', () => ({ path, group, count })),
    onLost: (delivery) => events.tell('leaseLost', () => aboutDelivery(delivery, consumer)),
    onFault: (error) => onFault('consume', error),
  });
  return consuming;

  function stepsOf(subscription: Subscription, { handler, options }: Registration): Steps {
    const { path } = subscription;
    const settler = new Settler<Subscription>(subscription, consumer, context.command, options, {
      onSettled: (delivery, verdict, isOurs) => {
        consuming.settled(delivery);
        if (ack === 'before' && delivery.outcome?.kind === 'success') {
          if (isOurs) runner.run(delivery);
          else consuming.ended(delivery);
        }
        sweeper.settled(path, 1);
        // What is due at once has not been scheduled.
        if (verdict.kind === 'retry' && verdict.delayMs > 0 && isOurs) {
          sweeper.scheduledIn(path, verdict.delayMs);
        }
        tellSettled(events, consumer, delivery, verdict, isOurs);
        onSettled?.(verdict, delivery.outcome);
      },
      onGivenUp: (delivery, reason) => {
        consuming.giveUp(delivery, reason);
        // Its handler was to begin after the ack.
        if (ack === 'before') consuming.ended(delivery);
      },
      onFault: (error) => onFault('settle', error),
      onBlocked: (count) => tellBlocked(events, subscription, count),
      now: () => context.clock.now(),
    });
    const { maxCrashes, ack } = options;
    const once =
      options.idempotent === false
        ? undefined
        : new Once(
            options,
            subscription.keys,
            group,
            consumer,
            context.options.leaseMs,
            context.command,
          );
    const runner = new Runner<Subscription>(handler, consumer, maxCrashes, options, once, {
      onOutcome: (delivery, outcome) => {
        if (ack === 'before') tellLost(events, consumer, delivery, outcome);
        else settler.settle(delivery, outcome);
      },
      onEnded: (delivery) => consuming.ended(delivery),
      readRaw,
      now: () => context.clock.now(),
    });
    const start = (delivery: InFlight<Subscription>): void => {
      // At most once: what is acked before it runs is lost if the process dies, and never run twice.
      if (ack === 'before') settler.settle(delivery, { kind: 'success' });
      else runner.run(delivery);
    };
    return { start, settler };
  }

  async function readRaw({
    route,
    source,
    entryId,
  }: InFlight<Subscription> & { source: Source }): Promise<Buffer[]> {
    const [entry] = await context.command.run((client) =>
      client.xrangeBuffer(route.streamOf(source), entryId, entryId),
    );
    return entry?.[1] ?? [];
  }
}

/** A batch takes a slot for each of its deliveries. */
function slotsOf(options: HandleOptions): HandleOptions {
  const size = options.batch?.size ?? 1;
  return { ...options, concurrency: options.concurrency * size };
}
