const MOST = 1_000;

/** Remembers what is wrong with which thing, so that it is told once for as long as it lasts. */
export class Troubles {
  private readonly told = new Map<string, string>();

  /** Whether this has not been told yet. Beyond a thousand things the oldest is forgotten, and told again. */
  isNews(thing: string, why: string): boolean {
    if (this.told.get(thing) === why) return false;
    this.told.delete(thing);
    this.told.set(thing, why);
    if (this.told.size > MOST) this.told.delete(this.told.keys().next().value as string);
    return true;
  }

  /** The thing is right again. */
  over(thing: string): void {
    this.told.delete(thing);
  }
}
