import { ClosedError } from '../errors.js';
import type { ConsumerContext } from '../consume/index.js';
import { limitsOf, withinLimits, type RegisteredRoute } from '../redis/index.js';
import type { Engine } from './engine.js';
import { Puller, validReceive, type PulledDelivery, type ReceiveOptions } from './pulling.js';
import { uniqueName } from './unique-name.js';

/** Consumers of messages that are pulled by hand in this process, one for each path and name. */
export class Pullers {
  private readonly byKey = new Map<string, Puller>();

  /** @param contextOf creates the context for a consumer's name */
  constructor(
    private readonly engine: Engine,
    private readonly contextOf: (consumer: string) => ConsumerContext,
  ) {}

  get paths(): string[] {
    return [...this.byKey.values()].map(({ path }) => path);
  }

  async receive<T>(path: string, options: ReceiveOptions): Promise<PulledDelivery<T>[]> {
    validReceive(options);
    const { command, options: own } = this.engine;
    const { timeoutMs, signal } = limitsOf(options, own.commandTimeoutMs);
    const limits = { timeoutMs: timeoutMs + (options.blockMs ?? 0), signal };
    // Messages taken by a call that was given up are delivered again.
    const progress = { isSent: true, fault: () => command.lastFault };
    return withinLimits(limits, progress, (given) => this.take<T>(path, options, given));
  }

  private async take<T>(
    path: string,
    options: ReceiveOptions,
    signal: AbortSignal,
  ): Promise<PulledDelivery<T>[]> {
    const { consumer = '' } = options;
    await this.engine.connect();
    // A path has no control characters, so the key is unique.
    const key = `${consumer}\n${path}`;
    if (!this.byKey.has(key)) await this.engine.checkPermissions('consume');
    let puller = this.byKey.get(key);
    if (puller === undefined) {
      puller = this.make(path, options.consumer);
      this.byKey.set(key, puller);
    }
    return puller.receive<T>(options, signal);
  }

  /** Takes a change of the registry. */
  onRegistry(routes: readonly RegisteredRoute[]): void {
    for (const puller of this.byKey.values()) puller.onRegistry(routes);
  }

  /** Releases pulled deliveries that were not settled. */
  async close(): Promise<void> {
    await Promise.all([...this.byKey.values()].map((puller) => puller.close()));
  }

  private make(path: string, name: string | undefined): Puller {
    const { options, connections, sweeper, events, isClosing } = this.engine;
    // Nobody would close a new puller.
    if (isClosing) throw new ClosedError();
    // Never the name of the handlers' consumer, which would adopt deliveries held here as its own.
    const consumer = uniqueName(name ?? options.consumerName);
    sweeper.handle(path);
    return new Puller({
      context: this.contextOf(consumer),
      path,
      options: options.handlers,
      commandTimeoutMs: options.commandTimeoutMs,
      connection: connections.make('read'),
      sweeper,
      events,
      onFault: (where, error) => this.engine.fault(where, error),
    });
  }
}
