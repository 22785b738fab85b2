import type { Connection } from '../redis/index.js';
import type { Consuming } from './consuming.js';
import type { Registration } from './route-pipeline.js';

/** One life of a service, from a start to its stop. A service may have several, one after the other. */
export class Life {
  phase: 'starting' | 'running' | 'stopping' | 'stopped' = 'starting';
  /** Undefined until the service consumes, and without handlers. */
  consuming: Consuming | undefined;
  /** Number of deliveries given back so far. */
  released = 0;
  /** Result of the start, for all its callers. */
  started: Promise<void> = Promise.resolve();
  /** Resolves when the service consumes, or has nothing to consume. */
  begun: Promise<void> = Promise.resolve();
  stopped: Promise<void> | undefined;
  /** Handlers registered after the start that are being added. */
  private readonly late = new Set<Promise<void>>();
  /** Handlers that have been added, or are about to be. */
  readonly known = new Set<Registration>();
  /** Connections of its readers. */
  readonly connections: Connection[] = [];

  /** @param consumer name of its consumer, unique to this life */
  constructor(readonly consumer: string) {}

  /** A method rather than a property, because the phase changes while a start waits. */
  isEnding(): boolean {
    return this.phase === 'stopping' || this.phase === 'stopped';
  }

  /** Adds a handler in the background; `ready` waits for it. */
  takeOn(adding: Promise<void>): void {
    this.late.add(adding);
    const over = (): void => void this.late.delete(adding);
    adding.then(over, over);
  }

  /** Resolves when all handlers known at that moment have started. */
  async ready(): Promise<void> {
    await this.started;
    await Promise.all(this.late);
  }
}
