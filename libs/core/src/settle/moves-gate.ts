import type { Connection } from '../redis/index.js';

// A script moves 1 MiB in about 10 ms; all bytes on their way together hold up every other client of Redis.
const MAX_BYTES = 1024 * 1024;

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * Holds back calls that move large deliveries until earlier ones have been answered, so that other clients of Redis get
 * their turn in between. Small calls run together, up to the same number of bytes.
 */
export class MovesGate {
  private bytes = 0;
  private waiting: Waiting[] = [];

  /** Runs the call once earlier calls have left room for its bytes; a call larger than the whole room runs alone. */
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

  /** Admits calls in order: if small ones could overtake, a large one might wait forever. */
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

/** Returns the gate that all settlers on a connection share. */
export function movesGateOf(connection: Connection): MovesGate {
  let gate = gates.get(connection);
  if (gate === undefined) {
    gate = new MovesGate();
    gates.set(connection, gate);
  }
  return gate;
}
