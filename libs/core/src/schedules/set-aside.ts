/** Time that a send is skipped for, in ms, as in the sweep. A newer version or an operator may fix it meanwhile. */
const ASIDE_MS = 60_000;

/** A recurring send that could not be published, with the instant at which it was due, epoch ms. */
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
 * Recurring sends of a route that this process could not publish. They stay due for a process that can, and are skipped
 * here for a while so that they never take the places of others. Kept in memory only.
 */
export class SetAside {
  private readonly asides = new Map<string, Aside>();

  get size(): number {
    return this.asides.size;
  }

  /** @returns true when the send was not set aside yet, or was due at another instant */
  add({ id, dueAt }: Failed, nowMs: number): boolean {
    const isNews = this.asides.get(id)?.dueAt !== dueAt;
    this.asides.set(id, { dueAt, until: nowMs + ASIDE_MS });
    return isNews;
  }

  /** Returns true while the send is skipped. A send whose due instant has changed was fixed, or has moved on. */
  has({ id, dueAt }: Failed, nowMs: number): boolean {
    const aside = this.asides.get(id);
    return aside?.dueAt === dueAt && nowMs < aside.until;
  }

  /** Forgets all sends except these. */
  keepOnly(due: readonly Failed[]): void {
    if (this.asides.size === 0) return;
    const dueAts = new Map(due.map(({ id, dueAt }) => [id, dueAt]));
    for (const [id, { dueAt }] of this.asides) {
      if (dueAts.get(id) !== dueAt) this.asides.delete(id);
    }
  }
}
