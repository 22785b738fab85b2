import type { HandleOptions } from '../handler-options.js';
import { Consumer, Subscription } from '../consume/index.js';
import type { Connection } from '../redis/index.js';
import { aboutDelivery } from './delivery-events.js';
import { RoutePipeline, type PipelineParts, type Registration } from './route-pipeline.js';
import { Standstill } from './standstill.js';

/** All running handlers of a process: receive, run and settle, wired together, with a watch for stalled handlers. */
export class Consuming {
  readonly consumer: Consumer;
  private readonly pipelines = new Map<string, RoutePipeline>();
  private readonly standstill: Standstill;

  constructor(
    private readonly parts: PipelineParts,
    registrations: Iterable<Registration>,
  ) {
    const { context, events, onFault } = parts;
    const { group, consumer } = context;
    const subscriptions = [...registrations].map((each) => this.handle(each).subscription);
    const pipelineOf = ({ path }: Subscription): RoutePipeline | undefined =>
      this.pipelines.get(path);
    this.consumer = new Consumer(context, subscriptions, {
      run: (delivery) => pipelineOf(delivery.route)?.start(delivery),
      release: (delivery) => pipelineOf(delivery.route)?.release(delivery),
      onReclaimed: ({ path }, count) => events.tell('reclaimed', () => ({ path, group, count })),
      onSuspects: ({ path }, count) => events.tell('suspected', () => ({ path, group, count })),
      onLost: (delivery) => events.tell('leaseLost', () => aboutDelivery(delivery, consumer)),
      onWarning: (code, message) => events.tell('warning', () => ({ code, message })),
      onFault: (error) => onFault('consume', error),
    });
    this.standstill = new Standstill(() => this.pipelines.values(), events);
  }

  /** @param connect creates a connection for a reader */
  start(connect: () => Connection): void {
    this.consumer.start(connect);
    this.standstill.start();
  }

  async stop(): Promise<void> {
    await this.consumer.stop();
    this.standstill.stop();
  }

  /**
   * Adds another handler while it runs.
   *
   * @param isOff returns true when the route must not be consumed; called once its group exists
   */
  async add(registration: Registration, isOff: () => Promise<boolean>): Promise<void> {
    const { subscription } = this.handle(registration);
    await this.consumer.add(subscription, isOff);
  }

  /** Changes the concurrency of a route. */
  resize(registration: Registration): void {
    const subscription = this.subscriptionOf(registration.path);
    if (subscription === undefined) return;
    subscription.resize(slotsOf(registration.options).concurrency);
    this.consumer.roomChanged(subscription);
  }

  /** Returns the subscription of a path, if this process consumes it. */
  subscriptionOf(path: string): Subscription | undefined {
    return this.pipelines.get(path)?.subscription;
  }

  private handle(registration: Registration): RoutePipeline {
    const { path, options } = registration;
    const { context, sweeper } = this.parts;
    const subscription = new Subscription(
      path,
      context.keys.route(path),
      context.group,
      slotsOf(options),
      options.onExpired === 'dead-letter',
    );
    const consuming = (): Consumer => this.consumer;
    const pipeline = new RoutePipeline(this.parts, subscription, registration, consuming);
    this.pipelines.set(path, pipeline);
    sweeper.handle(path);
    return pipeline;
  }
}

/** Multiplies the slots, because each delivery of a batch takes one. */
function slotsOf(options: HandleOptions): HandleOptions {
  const size = options.batch?.size ?? 1;
  return { ...options, concurrency: options.concurrency * size };
}
