import type { ContestantName } from '../contestants/index.js';
import type { Reading, Size, Work } from '../works/index.js';
import { measure, type House } from './measure.js';
import { sizeFor } from './sizes.js';

/** Everything that was measured of one contestant in one work, a reading for each round. */
export interface Series {
  readonly work: Work;
  readonly contestant: ContestantName;
  readonly readings: readonly Reading[];
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly quick: boolean;
  /** Undefined: what the work says, or the fastest of what it offers. */
  readonly slots: number | undefined;
  readonly contestants: readonly ContestantName[];
  /** Hears what is going on. */
  readonly say: (line: string) => void;
}

// A first run to choose by, not a result.
const TUNING_SHARE = 0.4;

/**
 * Performs a work by each contestant in turn, round after round, so that a change of the machine's speed meets all.
 * Every second round goes backwards: who comes first has no advantage.
 */
export async function runRounds(
  house: House,
  work: Work,
  options: RoundsOptions,
): Promise<Series[]> {
  const { rounds, quick, contestants, say } = options;
  const sizes = new Map<ContestantName, Size>();
  for (const contestant of contestants) {
    const size = sizeFor(work, contestant, quick);
    sizes.set(contestant, await tuned(house, work, contestant, size, options));
  }
  const readings = new Map<ContestantName, Reading[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const contestant of round % 2 === 1 ? contestants : contestants.toReversed()) {
      const reading = await measure(house, work, contestant, sizes.get(contestant) as Size);
      readings.set(contestant, [...(readings.get(contestant) ?? []), reading]);
      say(`${work.id}  round ${round}/${rounds}  ${contestant}: ${show(reading)}`);
    }
  }
  return contestants.map((contestant) => ({
    ...{ work, contestant },
    readings: readings.get(contestant) ?? [],
  }));
}

/** The size with the number of slots that was the fastest. */
async function tuned(
  house: House,
  work: Work,
  contestant: ContestantName,
  size: Size,
  { quick, slots, say }: RoundsOptions,
): Promise<Size> {
  const candidates = work.tune?.[contestant] ?? [];
  const [unit = ''] = work.metrics.map((metric) => metric.unit);
  if (slots !== undefined) return { ...size, concurrency: slots };
  if (candidates.length === 0) return size;
  if (quick) return { ...size, concurrency: candidates[candidates.length >> 1] as number };
  const some = (count: number): number => Math.ceil(count * TUNING_SHARE);
  const [messages, warmUp] = [some(size.messages), some(size.warmUp)];
  const rates = new Map<number, number>(candidates.map((concurrency) => [concurrency, 0]));
  // Twice, and the better of the two: a moment at which the machine was slow decides nothing.
  for (const concurrency of [...candidates, ...candidates]) {
    const few = { ...size, messages, warmUp, concurrency };
    const { values } = await measure(house, work, contestant, few);
    rates.set(concurrency, Math.max(rates.get(concurrency) ?? 0, values[unit] ?? 0));
  }
  const tries = [...rates].map(([concurrency, rate]) => ({ concurrency, rate }));
  const best = tries.reduce((a, b) => (b.rate > a.rate ? b : a));
  const found = tries.map((each) => `${each.concurrency}: ${Math.round(each.rate)}`).join(', ');
  say(`${work.id}  ${contestant}: ${best.concurrency} slots are the fastest (${found})`);
  return { ...size, concurrency: best.concurrency };
}

function show({ values }: Reading): string {
  return Object.entries(values)
    .map(([unit, value]) => `${value >= 100 ? Math.round(value) : value.toPrecision(3)} ${unit}`)
    .join(', ');
}
