import type { Events } from '../events.js';
import type { HandleOptions } from '../handler-options.js';
import type { InFlight, Outcome, Source } from '../message/index.js';
import type { Consumer, ConsumerContext, Subscription } from '../consume/index.js';
import { Once, Runner, type WebhookHandler } from '../run/index.js';
import { Settler, type Verdict } from '../settle/index.js';
import type { Sweeper } from '../sweep/index.js';
import { tellBlocked, tellLost, tellSettled } from './delivery-events.js';

/** A handler as it was registered. */
export interface Registration {
  readonly path: string;
  readonly handler: WebhookHandler;
  readonly options: HandleOptions;
}

export interface StepsParts {
  readonly context: ConsumerContext;
  readonly sweeper: Sweeper;
  readonly events: Events;
  readonly onFault: (where: string, error: unknown) => void;
  /** A delivery has ended; for whoever counts. */
  readonly onSettled?: (verdict: Verdict, outcome: Outcome | undefined) => void;
}

/** What becomes of the deliveries of one route, once it is their turn. */
export interface RouteSteps {
  readonly start: (delivery: InFlight<Subscription>) => void;
  readonly settler: Settler<Subscription>;
}

/**
 * Wires run and settle together for one handler.
 *
 * @param consuming is asked for later: the consumer is made of its routes
 */
export function stepsOf(
  { context, sweeper, events, onFault, onSettled }: StepsParts,
  subscription: Subscription,
  { handler, options }: Registration,
  consuming: () => Consumer,
): RouteSteps {
  const { group, consumer } = context;
  const { path } = subscription;
  const { maxCrashes, ack } = options;
  const settler = new Settler<Subscription>(subscription, consumer, context.command, options, {
    onSettled: (delivery, verdict, isOurs) => {
      consuming().settled(delivery);
      if (ack === 'before' && delivery.outcome?.kind === 'success') {
        if (isOurs) runner.run(delivery);
        else consuming().ended(delivery);
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
      consuming().giveUp(delivery, reason);
      // Its handler was to begin after the ack.
      if (ack === 'before') consuming().ended(delivery);
    },
    onFault: (error) => onFault('settle', error),
    onBlocked: (count) => tellBlocked(events, subscription, count),
    now: () => context.clock.now(),
  });
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
    onEnded: (delivery) => consuming().ended(delivery),
    readRaw: (delivery) => readRaw(context, delivery),
    now: () => context.clock.now(),
  });
  const start = (delivery: InFlight<Subscription>): void => {
    // At most once: what is acked before it runs is lost if the process dies, and never run twice.
    if (ack === 'before') settler.settle(delivery, { kind: 'success' });
    else runner.run(delivery);
  };
  return { start, settler };
}

async function readRaw(
  { command }: ConsumerContext,
  { route, source, entryId }: InFlight<Subscription> & { source: Source },
): Promise<Buffer[]> {
  const [entry] = await command.run((client) =>
    client.xrangeBuffer(route.streamOf(source), entryId, entryId),
  );
  return entry?.[1] ?? [];
}
