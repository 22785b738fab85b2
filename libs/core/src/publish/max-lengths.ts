import type { RegisteredRoute } from '../redis/index.js';

/** Limits of unfinished messages per route, from the registry; unknown until the registry was read once. */
export class MaxLengths {
  /** Limits of the routes that have one. */
  readonly byPath = new Map<string, number>();
  /** Error of the last read of the registry, as long as none has succeeded. */
  fault: unknown;
  private known = false;
  private readonly listeners = new Set<() => void>();

  get isKnown(): boolean {
    return this.known;
  }

  /** Calls back once the limits are known; the returned function removes the callback. */
  onceKnown(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes over the limits from the registry. */
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
