import type { Connection } from '../redis/index.js';

// A script moves a MiB in about 10 ms; what is on its way together holds up every other client of Redis.
const MAX_BYTES = 1024 * 1024;

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * Holds calls that move large deliveries back until those before have been answered, so that other clients of Redis have
 * their turn between them. Small ones go together, up to the same number of bytes.
 */
export class MovesGate {
  private bytes = 0;
  private waiting: Waiting[] = [];

  /** Runs the call when those before it have left room for so many bytes; one that is larger than all of it goes alone. */
  async pass<T>(bytes: number, call: () => Promise<T>): Promise<T> {
    if (this.waiting.length === 0 && this.hasRoom(bytes)) this.bytes += bytes;
    else await new Promise<void>((enter) => this.waiting.push({ bytes, enter }));
    try {
      return await call();
    } finally {
      this.bytes -= bytes;
      this.admit();
    }
  }

  private hasRoom(bytes: number): boolean {
    return this.bytes === 0 || this.bytes + bytes <= MAX_BYTES;
  }

  /** In their order: small ones that overtake would keep a large one waiting for ever. */
  private admit(): void {
    let count = 0;
    for (const { bytes, enter } of this.waiting) {
      if (!this.hasRoom(bytes)) break;
      this.bytes += bytes;
      count += 1;
      enter();
    }
    if (count > 0) this.waiting = this.waiting.slice(count);
  }
}

const gates = new WeakMap<Connection, MovesGate>();

/** The gate that all who settle on a connection share. */
export function movesGateOf(connection: Connection): MovesGate {
  let gate = gates.get(connection);
  if (gate === undefined) {
    gate = new MovesGate();
    gates.set(connection, gate);
  }
  return gate;
}
