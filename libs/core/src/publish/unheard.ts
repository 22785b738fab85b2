import type { RegisteredRoute } from '../redis/index.js';

// A path per id would be a warning for each.
const MOST_TOLD = 100;
// Those that the registry has not told of by then may go unmentioned.
const MOST_UNKNOWN = 1_000;

/** Tells once for each path that what was sent to it reaches nobody: a misspelt path, or a service that never ran. */
export class Unheard {
  /** Paths that have groups, as far as the registry was read. */
  private heard: ReadonlySet<string> = new Set();
  /** Paths that the registry knows, and nobody listens to. */
  private unheard: ReadonlySet<string> = new Set();
  /** Paths that were sent to before the registry knew them. */
  private readonly unknown = new Set<string>();
  private readonly told = new Set<string>();

  constructor(private readonly onUnheard: (path: string) => void) {}

  /** This process sends to the path for the first time. */
  sent(path: string): void {
    if (this.heard.has(path) || this.told.size >= MOST_TOLD) return;
    if (this.unheard.has(path)) this.tell(path);
    else if (this.unknown.size < MOST_UNKNOWN) this.unknown.add(path);
  }

  /** The registry was read. */
  update(routes: readonly RegisteredRoute[]): void {
    const heard = new Set<string>();
    const unheard = new Set<string>();
    for (const { path, groups, formerGroups } of routes) {
      // Groups of a deleted route come back with it.
      const isHeard = groups.length > 0 || formerGroups.length > 0;
      (isHeard ? heard : unheard).add(path);
    }
    this.heard = heard;
    this.unheard = unheard;
    for (const path of this.unknown) {
      if (unheard.has(path)) this.tell(path);
      if (heard.has(path) || unheard.has(path)) this.unknown.delete(path);
    }
  }

  private tell(path: string): void {
    if (this.told.has(path) || this.told.size >= MOST_TOLD) return;
    this.told.add(path);
    this.onUnheard(path);
  }
}
