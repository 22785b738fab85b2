const MOST = 1_000;

/** Remembers problems, so that each is reported once while it lasts. */
export class Troubles {
  private readonly told = new Map<string, string>();

  /** Returns true for a problem that has not been reported yet. Beyond a thousand problems, forgets the oldest. */
  isNews(thing: string, why: string): boolean {
    if (this.told.get(thing) === why) return false;
    this.told.delete(thing);
    this.told.set(thing, why);
    if (this.told.size > MOST) this.told.delete(this.told.keys().next().value as string);
    return true;
  }

  /** Forgets a problem that is solved. */
  over(thing: string): void {
    this.told.delete(thing);
  }
}
