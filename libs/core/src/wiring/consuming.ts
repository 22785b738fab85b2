import type { HandleOptions } from '../handler-options.js';
import { Consumer, Subscription } from '../consume/index.js';
import type { Connection } from '../redis/index.js';
import { aboutDelivery } from './delivery-events.js';
import { stepsOf, type Registration, type RouteSteps, type StepsParts } from './route-steps.js';
import { Standstill } from './standstill.js';

/** A handler with its route, as this process consumes it. */
interface Handled {
  readonly registration: Registration;
  readonly subscription: Subscription;
  readonly steps: RouteSteps;
}

/** All handlers of a process at work: receive, run and settle, wired together, and a watch over what stands still. */
export class Consuming {
  readonly consumer: Consumer;
  private readonly handled = new Map<string, Handled>();
  private readonly standstill: Standstill;

  constructor(
    private readonly parts: StepsParts,
    registrations: Iterable<Registration>,
  ) {
    const { context, events, onFault } = parts;
    const { group, consumer } = context;
    const subscriptions = [...registrations].map((each) => this.handle(each).subscription);
    const stepsFor = ({ path }: Subscription): RouteSteps | undefined =>
      this.handled.get(path)?.steps;
    this.consumer = new Consumer(context, subscriptions, {
      run: (delivery) => {
        if (events.isHeard('delivered')) {
          events.tell('delivered', () => aboutDelivery(delivery, consumer));
        }
        stepsFor(delivery.route)?.start(delivery);
      },
      release: (delivery) =>
        stepsFor(delivery.route)?.settler.settle(delivery, { kind: 'released' }),
      onReclaimed: ({ path }, count) => events.tell('reclaimed', () => ({ path, group, count })),
      onSuspects: ({ path }, count) => events.tell('suspected', () => ({ path, group, count })),
      onLost: (delivery) => events.tell('leaseLost', () => aboutDelivery(delivery, consumer)),
      onWarning: (code, message) => events.tell('warning', () => ({ code, message })),
      onFault: (error) => onFault('consume', error),
    });
    this.standstill = new Standstill(this.handled.values.bind(this.handled), events);
  }

  /** @param connect makes a connection for a reader */
  start(connect: () => Connection): void {
    this.consumer.start(connect);
    this.standstill.start();
  }

  async stop(): Promise<void> {
    await this.consumer.stop();
    this.standstill.stop();
  }

  /**
   * Takes on another handler while it runs.
   *
   * @param isOff whether its route is to be left alone, asked when its group is there
   */
  async add(registration: Registration, isOff: () => Promise<boolean>): Promise<void> {
    const { subscription } = this.handle(registration);
    await this.consumer.add(subscription, isOff);
  }

  /** Changes how many handlers of a route run at the same time. */
  resize(registration: Registration): void {
    const handled = this.handled.get(registration.path);
    if (handled === undefined) return;
    handled.subscription.resize(slotsOf(registration.options).concurrency);
    this.consumer.roomChanged(handled.subscription);
  }

  /** The routes that it consumes, by path. */
  subscriptionOf(path: string): Subscription | undefined {
    return this.handled.get(path)?.subscription;
  }

  private handle(registration: Registration): Handled {
    const { path, options } = registration;
    const { context, sweeper } = this.parts;
    const subscription = new Subscription(
      path,
      context.keys.route(path),
      context.group,
      slotsOf(options),
      options.onExpired === 'dead-letter',
    );
    const steps = stepsOf(this.parts, subscription, registration, () => this.consumer);
    const handled = { registration, subscription, steps };
    this.handled.set(path, handled);
    sweeper.handle(path);
    return handled;
  }
}

/** A batch takes a slot for each of its deliveries. */
function slotsOf(options: HandleOptions): HandleOptions {
  const size = options.batch?.size ?? 1;
  return { ...options, concurrency: options.concurrency * size };
}
