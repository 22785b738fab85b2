/**
 * Things by path, of which those that were not used lately are forgotten: by number, and whenever `forget` is called.
 * There are two generations; what is used stays in the younger one, so that a look costs no more than one at a Map.
 */
export class Recent<T> {
  private young = new Map<string, T>();
  private old = new Map<string, T>();
  private most: number;

  /**
   * @param least how many are kept at least; up to twice as many may be
   * @param isFree whether a thing may be forgotten
   * @param onForgotten is told of each
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

  /** Forgets what was not used since the last time, unless it is busy. */
  forget(): void {
    const kept = new Map<string, T>();
    for (const [path, thing] of this.old) {
      if (this.isFree(thing)) this.onForgotten(thing);
      else kept.set(path, thing);
    }
    this.old = this.young;
    this.young = kept;
    // Where most are busy, to look through them for each new one would take ever longer.
    this.most = Math.max(this.least, kept.size * 2);
  }

  *[Symbol.iterator](): Generator<T> {
    yield* this.young.values();
    yield* this.old.values();
  }
}
