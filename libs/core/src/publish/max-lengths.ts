import type { RegisteredRoute } from '../redis/index.js';

/** How many unfinished messages a route may have, as the registry says; not known before it has been read once. */
export class MaxLengths {
  /** Of the routes that have a limit. */
  readonly byPath = new Map<string, number>();
  /** Why the registry could not be read so far. */
  fault: unknown;
  private known = false;
  private readonly listeners = new Set<() => void>();

  get isKnown(): boolean {
    return this.known;
  }

  /** Calls back when they are known for the first time; the returned function takes that back. */
  onceKnown(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The registry was read. */
  update(routes: readonly RegisteredRoute[]): void {
    this.byPath.clear();
    for (const { path, settings } of routes) {
      if (settings.maxLength !== undefined) this.byPath.set(path, settings.maxLength);
    }
    if (this.known) return;
    this.known = true;
    this.fault = undefined;
    for (const listener of [...this.listeners]) listener();
    this.listeners.clear();
  }
}
