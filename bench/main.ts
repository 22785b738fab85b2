import { mkdirSync, writeFileSync } from 'node:fs';

import { readOptions } from './cli.js';
import { resultsOf, type Result } from './report/results.js';
import { describeProfiles } from './report/profiles.js';
import { table } from './report/table.js';
import type { House } from './run/measure.js';
import { runRounds } from './run/rounds.js';

/** What the tool that built this program provides. */
export interface Surroundings extends Omit<House, 'profiles'> {
  /** The folder of the repository. */
  readonly root: string;
  readonly words: readonly string[];
}

export async function bench({ words, ...house }: Surroundings): Promise<void> {
  const options = readOptions(words);
  const { quick, profile, rounds, slots } = options;
  if (profile !== undefined) mkdirSync(profile, { recursive: true });
  const results: Result[] = [];
  for (const work of options.works) {
    const contestants = work.contestants.filter(
      (name) => options.contestants?.includes(name) ?? true,
    );
    const series = await runRounds(
      { ...house, ...(profile !== undefined && { profiles: profile }) },
      work,
      { rounds, quick, slots, contestants, say },
    );
    results.push(...series.flatMap(resultsOf));
    process.stdout.write(`${table(work, results, !quick)}\n`);
    if (profile !== undefined) process.stdout.write(`${describeProfiles(profile, work)}\n`);
  }
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
