import { performance } from 'node:perf_hooks';

/** A command that Redis refused lately. */
export interface RefusedCommand {
  /** Activity at the time: `consume`, `settle`, `sweep` or another step. */
  readonly where: string;
  /** Reply of Redis. */
  readonly reply: string;
  readonly count: number;
  /** Time since the latest refusal, in ms. */
  readonly agoMs: number;
}

/** Time without another refusal after which one counts as over, in ms. */
const OVER_MS = 60_000;
/** Limit of entries, because replies that name keys or ids vary without end. */
const MOST = 20;

interface Refusal {
  readonly where: string;
  readonly reply: string;
  count: number;
  at: number;
}

/** Recent refusals of Redis, to explain what stands still. */
export class Refusals {
  private readonly all = new Map<string, Refusal>();

  /** @returns true when it is news: Redis has not refused the same for a while */
  note(where: string, reply: string): boolean {
    this.forgetOld();
    const key = `${where}\n${reply}`;
    const known = this.all.get(key);
    if (known !== undefined) {
      known.count += 1;
      known.at = performance.now();
      return false;
    }
    const [oldest] = this.all.keys();
    if (this.all.size >= MOST && oldest !== undefined) this.all.delete(oldest);
    this.all.set(key, { where, reply, count: 1, at: performance.now() });
    return true;
  }

  get recent(): RefusedCommand[] {
    this.forgetOld();
    const now = performance.now();
    return [...this.all.values()].map(({ where, reply, count, at }) => {
      return { where, reply, count, agoMs: Math.round(now - at) };
    });
  }

  private forgetOld(): void {
    const before = performance.now() - OVER_MS;
    for (const [key, { at }] of this.all) if (at < before) this.all.delete(key);
  }
}
