import { displayPath } from '../message/index.js';
import type { RegisteredRoute } from '../redis/index.js';
import type { Engine } from './engine.js';

/** Decides which routes this process must not consume, by the registry: paused, deleted, or its group was removed. */
export class Gate {
  private readonly told = new Set<string>();
  /** Handled paths whose group is paused, as last reported. */
  private readonly paused = new Set<string>();

  constructor(
    private readonly engine: Engine,
    private readonly isHandled: (path: string) => boolean,
  ) {}

  /** Returns a predicate that is true for a path that must not be consumed. */
  closedOf(routes: readonly RegisteredRoute[]): (path: string) => boolean {
    const { group } = this.engine.options;
    const off = new Set<string>();
    const known = new Set<string>();
    for (const route of routes) {
      known.add(route.path);
      const own = route.groups.find((each) => each.group === group);
      const isBarred = this.isBarred(route, group);
      if (isBarred || own?.pausedAt !== undefined) off.add(route.path);
      if (!isBarred) this.told.delete(route.path);
      this.tellPaused(route.path, own?.pausedAt !== undefined);
    }
    // A tombstone that was cleaned up does not lift the deletion.
    for (const path of this.told) if (!known.has(path)) off.add(path);
    return (path) => off.has(path);
  }

  private tellPaused(path: string, isPaused: boolean): void {
    if (this.paused.has(path) === isPaused || !this.isHandled(path)) return;
    if (isPaused) this.paused.add(path);
    else this.paused.delete(path);
    const { group } = this.engine;
    this.engine.events.tell(isPaused ? 'paused' : 'resumed', () => ({ path, group }));
  }

  /** Returns true when somebody has deleted the route, or removed this group from it. Warns once. */
  private isBarred(
    { path, deletedAt, removedGroups }: RegisteredRoute,
    group: string | undefined,
  ): boolean {
    const isDeleted = deletedAt !== undefined;
    if (!isDeleted && !removedGroups.includes(group ?? '')) return false;
    if (!this.isHandled(path) || this.told.has(path)) return true;
    this.told.add(path);
    const shown = displayPath(path);
    const message = isDeleted
      ? `Queue "${shown}" was deleted; it is not consumed until somebody publishes to it again.`
      : `Group "${group}" was removed from "${shown}"; declare it or restart its service to resume.`;
    const code = isDeleted ? 'ROUTE_DELETED' : 'GROUP_REMOVED';
    this.engine.events.tell('warning', () => ({ code, message }));
    return true;
  }
}
