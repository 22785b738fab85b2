import type { ContestantName } from '../contestants/index.js';
import { median, summarize } from '../measure/statistics.js';
import type { Series } from '../run/rounds.js';
import type { CostPerMessage } from '../works/index.js';
import type { Environment } from './environment.js';

/** One figure of one contestant, as `--json` writes it. Null: not measured in this work. */
export interface Result {
  readonly work: string;
  readonly contestant: ContestantName;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly redisCpuPer100k: number | null;
  readonly clientCpuPer100k: number | null;
  readonly commandsPerMessage: number | null;
  readonly bytesPerMessage: number | null;
  /** Number of measurements. */
  readonly rounds: number;
  readonly environment: Environment;
}

/** A result for each figure of a series; the costs are medians of the rounds. */
export function resultsOf(
  { work, contestant, readings }: Series,
  environment: Environment,
): Result[] {
  const cost = (name: keyof CostPerMessage): number | null => {
    const values = readings.flatMap((reading) => reading.cost?.[name] ?? []);
    return values.length === 0 ? null : rounded(median(values));
  };
  return work.metrics.map(({ unit }) => {
    const values = readings.map((reading) => {
      const value = reading.values[unit];
      if (value !== undefined) return value;
      throw new Error(`${work.id} by ${contestant} yielded no ${unit}.`);
    });
    const { median: middle, min, max } = summarize(values);
    return {
      ...{ work: work.id, contestant, unit },
      ...{ median: rounded(middle), min: rounded(min), max: rounded(max) },
      redisCpuPer100k: cost('redisCpuPer100k'),
      clientCpuPer100k: cost('clientCpuPer100k'),
      commandsPerMessage: cost('commandsPerMessage'),
      bytesPerMessage: cost('bytesPerMessage'),
      ...{ rounds: readings.length, environment },
    };
  });
}

/** To what can be told apart: more digits would be noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
