/** Waits for conditions that are checked after every event. */
export class Conditions {
  private readonly watchers = new Set<() => void>();

  get isEmpty(): boolean {
    return this.watchers.size === 0;
  }

  /** Resolves to true when the condition came true in time. */
  async until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    if (condition()) return true;
    return new Promise((resolve) => {
      const done = (result: boolean) => (): void => {
        clearTimeout(timer);
        this.watchers.delete(watcher);
        resolve(result);
      };
      const timer = timeoutMs === Infinity ? undefined : setTimeout(done(false), timeoutMs);
      const watcher = (): void => {
        if (condition()) done(true)();
      };
      this.watchers.add(watcher);
    });
  }

  /** Checks all conditions after an event. */
  look(): void {
    for (const watcher of this.watchers) watcher();
  }
}
