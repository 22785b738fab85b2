import { performance } from 'node:perf_hooks';

interface Trimmed {
  readonly state: string;
  /** Monotonic ms. */
  readonly at: number;
}

/** State of each route after its last complete trimming, to avoid trimming it again in vain. */
export class TrimmedStates {
  private readonly last = new Map<string, Trimmed>();

  /** @param againMs how long a route with an unchanged state is left alone, in ms */
  constructor(private readonly againMs: number) {}

  /** @param state the state that a sweep found; '' when there is nothing to trim */
  isWorthALook(path: string, state: string): boolean {
    if (state === '') return false;
    const last = this.last.get(path);
    return last?.state !== state || performance.now() - last.at >= this.againMs;
  }

  /** Records a complete trimming of a route that was found in this state. */
  note(path: string, state: string): void {
    this.last.set(path, { state, at: performance.now() });
  }

  forget(path: string): void {
    this.last.delete(path);
  }

  /** Forgets all states, because the rules of trimming have changed. */
  clear(): void {
    this.last.clear();
  }
}
