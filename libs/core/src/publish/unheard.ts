import type { RegisteredRoute } from '../redis/index.js';

// An application may use one path per id, and would get a warning for each.
const MOST_TOLD = 100;
// Beyond this number, paths that the registry does not know yet may go unreported.
const MOST_UNKNOWN = 1_000;

/** Reports each path once if no group receives its messages: the path is misspelt, or its service has never run. */
export class Unheard {
  /** Paths that have groups, by the last reading of the registry. */
  private heard: ReadonlySet<string> = new Set();
  /** Paths in the registry that have no group. */
  private unheard: ReadonlySet<string> = new Set();
  /** Paths that received a message before the registry knew them. */
  private readonly unknown = new Set<string>();
  private readonly told = new Set<string>();

  constructor(private readonly onUnheard: (path: string) => void) {}

  /** Notes that this process sends to the path for the first time. */
  sent(path: string): void {
    if (this.heard.has(path) || this.told.size >= MOST_TOLD) return;
    if (this.unheard.has(path)) this.tell(path);
    else if (this.unknown.size < MOST_UNKNOWN) this.unknown.add(path);
  }

  /** Takes over a new version of the registry. */
  update(routes: readonly RegisteredRoute[]): void {
    const heard = new Set<string>();
    const unheard = new Set<string>();
    for (const { path, groups, formerGroups } of routes) {
      // The groups of a deleted route return when it is revived.
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
