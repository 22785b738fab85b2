import type { Connection } from '../redis/index.js';
import type { Consuming } from './consuming.js';
import type { Registration } from './route-pipeline.js';

/** One life of a service: from a start until its stop. A service may have several, one after the other. */
export class Life {
  phase: 'starting' | 'running' | 'stopping' | 'stopped' = 'starting';
  /** Undefined until it consumes, and without handlers. */
  consuming: Consuming | undefined;
  /** Deliveries given back so far. */
  released = 0;
  /** What the callers of a start wait for. */
  started: Promise<void> = Promise.resolve();
  /** Resolves when it consumes, or has nothing to consume. */
  begun: Promise<void> = Promise.resolve();
  stopped: Promise<void> | undefined;
  /** Handlers that came after the start, and are being taken on. */
  private readonly late = new Set<Promise<void>>();
  /** Those that it has taken on, or is about to. */
  readonly known = new Set<Registration>();
  /** Of its readers. */
  readonly connections: Connection[] = [];

  /** @param consumer its name, which no other life has */
  constructor(readonly consumer: string) {}

  /** A method, because it changes while a start waits. */
  isEnding(): boolean {
    return this.phase === 'stopping' || this.phase === 'stopped';
  }

  /** Takes a handler on in the background; `ready` waits for it. */
  takeOn(adding: Promise<void>): void {
    this.late.add(adding);
    const over = (): void => void this.late.delete(adding);
    adding.then(over, over);
  }

  /** Resolves when it has started with all handlers that there are now. */
  async ready(): Promise<void> {
    await this.started;
    await Promise.all(this.late);
  }
}
