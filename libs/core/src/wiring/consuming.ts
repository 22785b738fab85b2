import type { Events } from '../events.js';
import type { InFlight, Source } from '../message/index.js';
import type { HandleOptions } from '../options.js';
import { Consumer, Subscription, type ConsumerContext } from '../receive/index.js';
import { Runner, type WebhookHandler } from '../run/index.js';
import { Settler } from '../settle/index.js';
import type { Sweeper } from '../sweep/index.js';
import { aboutDelivery, tellSettled } from './delivery-events.js';

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
}

interface Steps {
  readonly runner: Runner<Subscription>;
  readonly settler: Settler<Subscription>;
}

/** Wires receive, run and settle together for all handlers of a process. */
export function buildConsumer({
  context,
  registrations,
  sweeper,
  events,
  onFault,
}: ConsumingParts): Consumer {
  const { group, consumer, keys } = context;
  const steps = new Map<Subscription, Steps>();
  const subscriptions = [...registrations].map((registration) => {
    const { path, options } = registration;
    const subscription = new Subscription(path, keys.route(path), group, options);
    steps.set(subscription, stepsOf(subscription, registration));
    sweeper.add(path);
    return subscription;
  });
  const consuming = new Consumer(context, subscriptions, {
    run: (delivery) => {
      events.tell('delivered', () => aboutDelivery(delivery, consumer));
      steps.get(delivery.route)?.runner.run(delivery);
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
      onSettled: (delivery, verdict, outcome, isOurs) => {
        consuming.settled(delivery);
        sweeper.settled(path, 1);
        if (verdict.kind === 'retry' && isOurs) sweeper.scheduledIn(path, verdict.delayMs);
        tellSettled(events, consumer, delivery, verdict, outcome, isOurs);
      },
      onGivenUp: (delivery, reason) => consuming.giveUp(delivery, reason),
      onFault: (error) => onFault('settle', error),
    });
    const runner = new Runner<Subscription>(handler, consumer, options.maxCrashes, options, {
      onOutcome: (delivery, outcome) => settler.settle(delivery, outcome),
      onEnded: (delivery) => consuming.ended(delivery),
      readRaw,
      now: () => context.clock.now(),
    });
    return { runner, settler };
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
