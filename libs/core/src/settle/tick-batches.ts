/**
 * Collects items by key during one turn of the event loop and hands each key's items over together.
 */
export class TickBatches<Key, Item> {
  private batches = new Map<Key, Item[]>();
  private scheduled = false;

  constructor(private readonly flush: (key: Key, items: Item[]) => void) {}

  add(key: Key, item: Item): void {
    const batch = this.batches.get(key);
    if (batch === undefined) this.batches.set(key, [item]);
    else batch.push(item);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      const { batches } = this;
      this.batches = new Map();
      for (const [each, items] of batches) this.flush(each, items);
    });
  }
}
