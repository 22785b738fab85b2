import { isLater, type EntryId, type InFlight } from '../../message/index.js';

/** Before every entry. */
const NONE: EntryId = '0-0';

/**
 * In-flight entries of one stream in this process. A list, because nearly all entries are read in order, held once and
 * released: a map by id would cost more than all other work for a delivery.
 */
export class Held<Route> implements Iterable<InFlight<Route>> {
  private readonly list: InFlight<Route>[] = [];
  private latest = NONE;

  get size(): number {
    return this.list.length;
  }

  find(entryId: EntryId): InFlight<Route> | undefined {
    if (isLater(entryId, this.latest)) return undefined;
    return this.list.find((each) => each.entryId === entryId);
  }

  /** @param delivery of an entry that is not held */
  add(delivery: InFlight<Route>): void {
    if (isLater(delivery.entryId, this.latest)) this.latest = delivery.entryId;
    delivery.heldAt = this.list.push(delivery) - 1;
  }

  /** @returns true when the delivery was held */
  remove(delivery: InFlight<Route>): boolean {
    const at = delivery.heldAt;
    if (at < 0) return false;
    delivery.heldAt = -1;
    const last = this.list.pop() as InFlight<Route>;
    if (last !== delivery) {
      last.heldAt = at;
      this.list[at] = last;
    }
    return true;
  }

  /** Visits all in no particular order, without a copy. */
  forEach(visit: (delivery: InFlight<Route>) => void): void {
    this.list.forEach(visit);
  }

  /** Iterates in the order of the stream. */
  [Symbol.iterator](): Iterator<InFlight<Route>> {
    return [...this.list].sort((a, b) => (isLater(a.entryId, b.entryId) ? 1 : -1)).values();
  }
}
