/** How much a process may read ahead of its free slots, shared by its routes. */
export class ByteBudget {
  private heldBytes = 0;

  constructor(private readonly mostBytes: number) {}

  take(bytes: number): void {
    this.heldBytes += bytes;
  }

  giveBack(bytes: number): void {
    this.heldBytes -= bytes;
  }

  /** 0 until a quarter is free again: many small reads would cost more than one. */
  get leftBytes(): number {
    const left = this.mostBytes - this.heldBytes;
    return left < this.mostBytes / 4 ? 0 : left;
  }
}

/** Size of an entry, as near as the lengths of its texts tell. */
export function sizeOf(fields: readonly string[]): number {
  let size = 0;
  for (const field of fields) size += field.length;
  return size;
}

// Of what a read may hold for all routes together, whatever the sizes: 64 MiB of the largest payloads.
const MOST_MESSAGES = 256;

/**
 * Decides how many entries of each route a read asks for. Pure.
 *
 * @param appetite what the least hungry of the routes has room for
 * @param routes how many routes share the reply
 * @param entryBytes size of the largest entries that these routes had lately; 0 if not known
 * @returns 1 or more; so few that a sudden change of sizes is 256 messages at most
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
