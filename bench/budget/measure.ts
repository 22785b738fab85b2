import { ACTS, type Act } from './acts.js';
import { Stage } from './stage.js';
import type { Shape } from './shapes.js';
import type { Costs, ServerWatch } from './watch.js';

/** The longest that a second client may wait for an answer, ms. */
export const LONGEST_PING_MS = 60;

/** The longest call of a script within an act on a shape. */
export interface Finding {
  readonly shape: string;
  readonly act: string;
  readonly script: string;
  readonly ms: number;
  readonly limitMs: number;
}

export interface Measured {
  readonly findings: readonly Finding[];
  /** Scripts that were called by the acts that are about them. */
  readonly called: readonly string[];
  readonly longestPingMs: number;
}

export interface MeasureOptions {
  readonly url: string;
  readonly watch: ServerWatch;
  /** Bytes of payloads in Redis. */
  readonly memory: number;
  /** Tries of an act that is over its limit: the machine may have been busy. */
  readonly tries: number;
  say?(line: string): void;
}

/** Performs all acts on the shape. */
export async function measure(shape: Shape, options: MeasureOptions): Promise<Measured> {
  const findings: Finding[] = [];
  const called: string[] = [];
  let longestPingMs = 0;
  for (const [name, act] of Object.entries(ACTS)) {
    const best = await perform(act, shape, options);
    longestPingMs = Math.max(longestPingMs, best.pingMs);
    for (const [script, ms] of best.costs) {
      findings.push({ shape: shape.id, act: name, script, ms, limitMs: shape.limitMs });
    }
    called.push(...best.called);
    const worst = [...best.costs].sort(([, a], [, b]) => b - a).slice(0, 5);
    const told = worst.map(([script, ms]) => `${script} ${ms.toFixed(1)} ms`);
    options.say?.(
      `${shape.id}, ${name}: ${told.join(', ') || 'nothing slow'}; PING ${best.pingMs.toFixed(0)} ms`,
    );
  }
  return { findings, called, longestPingMs };
}

interface Best {
  /** Lowest cost of each script over all tries. */
  readonly costs: Costs;
  readonly pingMs: number;
  readonly called: readonly string[];
}

async function perform(
  act: Act,
  shape: Shape,
  { url, watch, memory, tries }: MeasureOptions,
): Promise<Best> {
  let best: Best = { costs: new Map(), pingMs: Infinity, called: [] };
  for (let tried = 1; ; tried += 1) {
    const stage = new Stage(url, shape, memory);
    try {
      await act.prepare?.(stage);
      await stage.closeAll();
      const seen = await watch.watch(async () => {
        await act.run(stage);
        await stage.closeAll();
      });
      best = {
        costs: tried === 1 ? seen.costs : leastOf(best.costs, seen.costs),
        pingMs: Math.min(best.pingMs, seen.longestPingMs),
        called: act.scripts.filter((script) => seen.called.has(script)),
      };
    } finally {
      await stage.closeAll();
      stage.raw.disconnect();
    }
    const isWithin = [...best.costs.values()].every((ms) => ms <= shape.limitMs);
    if ((isWithin && best.pingMs <= LONGEST_PING_MS) || tried >= tries) return best;
  }
}

/** A script that is absent from the slow calls of a try was fast in it. */
function leastOf(a: Costs, b: Costs): Costs {
  const least = new Map<string, number>();
  for (const [script, ms] of a) {
    const other = b.get(script);
    if (other !== undefined) least.set(script, Math.min(ms, other));
  }
  return least;
}
