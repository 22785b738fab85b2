/** As long as the sweep sets aside what it cannot append: a newer version or a person may have mended it by then. */
const ASIDE_MS = 60_000;

/** A recurring send that could not be made when it was due then, epoch ms. */
export interface Failed {
  readonly id: string;
  readonly dueAt: number;
}

interface Aside {
  readonly dueAt: number;
  /** Monotonic ms. */
  readonly until: number;
}

/**
 * Recurring sends of a route that this process could not make. They stay due, for a process that can, and are passed over
 * for a while, so that they never take the places of the others. State without Redis.
 */
export class SetAside {
  private readonly asides = new Map<string, Aside>();

  get size(): number {
    return this.asides.size;
  }

  /** @returns whether it is news: it was not aside before, or was due at another instant */
  add({ id, dueAt }: Failed, nowMs: number): boolean {
    const isNews = this.asides.get(id)?.dueAt !== dueAt;
    this.asides.set(id, { dueAt, until: nowMs + ASIDE_MS });
    return isNews;
  }

  /** Whether it is passed over. One whose due instant has changed was mended or moved on. */
  has({ id, dueAt }: Failed, nowMs: number): boolean {
    const aside = this.asides.get(id);
    return aside?.dueAt === dueAt && nowMs < aside.until;
  }

  /** Forgets those that are not among these any more. */
  keepOnly(due: readonly Failed[]): void {
    if (this.asides.size === 0) return;
    const dueAts = new Map(due.map(({ id, dueAt }) => [id, dueAt]));
    for (const [id, { dueAt }] of this.asides) {
      if (dueAts.get(id) !== dueAt) this.asides.delete(id);
    }
  }
}
