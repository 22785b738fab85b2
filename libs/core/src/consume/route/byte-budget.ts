/** Limit on the bytes that a process reads ahead of its free slots, shared by its routes. */
export class ByteBudget {
  private heldBytes = 0;

  constructor(private readonly mostBytes: number) {}

  take(bytes: number): void {
    this.heldBytes += bytes;
  }

  giveBack(bytes: number): void {
    this.heldBytes -= bytes;
  }

  /** Free bytes; 0 until a quarter is free again, because many small reads would cost more than one. */
  get leftBytes(): number {
    const left = this.mostBytes - this.heldBytes;
    return left < this.mostBytes / 4 ? 0 : left;
  }
}

/** Returns the approximate size of an entry, from the lengths of its fields. */
export function sizeOf(fields: readonly string[]): number {
  let size = 0;
  for (const field of fields) size += field.length;
  return size;
}

// Per read, for all routes together, whatever the sizes: 64 MiB of the largest payloads.
const MOST_MESSAGES = 256;

/**
 * Decides how many entries of each route a read asks for. Pure.
 *
 * @param appetite room of the route that has the least
 * @param routes number of routes that share the reply
 * @param entryBytes size of the largest recent entries of these routes; 0 if not known
 * @returns 1 or more, and few enough that a sudden change of sizes yields at most 256 messages
 */
export function readCount(
  appetite: number,
  routes: number,
  entryBytes: number,
  replyBytes: number,
): number {
  const byCount = MOST_MESSAGES / routes;
  const byBytes = replyBytes / (routes * Math.max(1, entryBytes));
  return Math.max(1, Math.floor(Math.min(appetite, byCount, byBytes)));
}
