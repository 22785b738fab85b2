import { performance } from 'node:perf_hooks';

/** A command that Redis refused lately. */
export interface RefusedCommand {
  /** What was being done: `consume`, `settle`, `sweep` or another step. */
  readonly where: string;
  /** What Redis replied. */
  readonly reply: string;
  readonly count: number;
  /** How long ago it was refused last, ms. */
  readonly agoMs: number;
}

/** What has not been refused for so long is over, ms. */
const OVER_MS = 60_000;
/** Replies that name keys or ids differ without end. */
const MOST = 20;

interface Refusal {
  readonly where: string;
  readonly reply: string;
  count: number;
  at: number;
}

/** What Redis refuses, for whoever asks what stands still. */
export class Refusals {
  private readonly all = new Map<string, Refusal>();

  /** @returns whether it is news: the same has not been refused for a while */
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
