/**
 * Map by path that forgets entries not used recently: when it grows too large, and whenever `forget` is called. Entries
 * live in two generations; a used entry stays in the younger one, so a lookup costs the same as in a Map.
 */
export class Recent<T> {
  private young = new Map<string, T>();
  private old = new Map<string, T>();
  private most: number;

  /**
   * @param least minimum number of entries to keep; up to twice as many may be held
   * @param isFree returns true when an entry may be forgotten
   * @param onForgotten called with each forgotten entry
   */
  constructor(
    private readonly least: number,
    private readonly isFree: (thing: T) => boolean,
    private readonly onForgotten: (thing: T) => void,
  ) {
    this.most = least;
  }

  get size(): number {
    return this.young.size + this.old.size;
  }

  get(path: string): T | undefined {
    const thing = this.young.get(path);
    if (thing !== undefined || this.old.size === 0) return thing;
    const older = this.old.get(path);
    if (older === undefined) return undefined;
    this.old.delete(path);
    this.set(path, older);
    return older;
  }

  set(path: string, thing: T): void {
    if (this.young.size >= this.most) this.forget();
    this.young.set(path, thing);
  }

  /** Forgets the entries that were not used since the last call, except busy ones. */
  forget(): void {
    const kept = new Map<string, T>();
    for (const [path, thing] of this.old) {
      if (this.isFree(thing)) this.onForgotten(thing);
      else kept.set(path, thing);
    }
    this.old = this.young;
    this.young = kept;
    // Grow with the busy entries: scanning all of them for each new one would take ever longer.
    this.most = Math.max(this.least, kept.size * 2);
  }

  *[Symbol.iterator](): Generator<T> {
    yield* this.young.values();
    yield* this.old.values();
  }
}
