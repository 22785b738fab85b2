import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ContestantName } from './contestants/index.js';
import { readOptions, type BenchOptions } from './cli.js';
import { chart } from './report/chart.js';
import { performanceParts, readmeParts, updatePage } from './report/docs.js';
import { describeEnvironment } from './report/environment.js';
import { describeProfiles } from './report/profiles.js';
import { resultsOf, type Result } from './report/results.js';
import { table } from './report/table.js';
import type { House } from './run/measure.js';
import { isInstalled, isPeer } from './run/peers.js';
import { runRounds } from './run/rounds.js';

/** Context provided by the tool that built this program. */
export interface Surroundings extends Omit<House, 'profiles'> {
  /** The folder of the repository. */
  readonly root: string;
  readonly words: readonly string[];
}

export async function bench({ words, root, ...house }: Surroundings): Promise<void> {
  const options = readOptions(words);
  const results =
    options.from === undefined ? await measureAll(root, house, options) : read(options.from);
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
  }
  if (!options.chart && !options.docs) return;
  if (options.chart) {
    writeFileSync(join(root, 'docs/performance.svg'), chart(options.works, results));
  }
  if (options.docs) {
    const parts = performanceParts(options.works, results);
    await updatePage(join(root, 'docs/performance.md'), parts);
    await updatePage(join(root, 'README.md'), readmeParts(results));
  }
}

async function measureAll(root: string, house: House, options: BenchOptions): Promise<Result[]> {
  const { quick, profile, peers, rounds, slots } = options;
  if (profile !== undefined) mkdirSync(profile, { recursive: true });
  const environment = await describeEnvironment(root, house);
  const results: Result[] = [];
  for (const work of options.works) {
    const contestants = [...work.contestants, ...(peers && work.peers ? work.peers : [])]
      .filter((name) => options.contestants?.includes(name) ?? true)
      .filter(canTakePart);
    const series = await runRounds(
      { ...house, ...(profile !== undefined && { profiles: profile }) },
      work,
      { rounds, quick, slots, contestants, say },
    );
    results.push(...series.flatMap((each) => resultsOf(each, environment)));
    process.stdout.write(`${table(work, results, !quick)}\n`);
    if (profile !== undefined) process.stdout.write(`${describeProfiles(profile, work)}\n`);
  }
  return results;
}

/** Says once what is missing. */
const missing = new Set<ContestantName>();

function canTakePart(contestant: ContestantName): boolean {
  if (!isPeer(contestant) || isInstalled(contestant)) return true;
  if (!missing.has(contestant)) say(`${contestant} is left out: its server is not installed.`);
  missing.add(contestant);
  return false;
}

function read(file: string): Result[] {
  return JSON.parse(readFileSync(file, 'utf8')) as Result[];
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
