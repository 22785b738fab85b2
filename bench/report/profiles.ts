import { readdirSync, readFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { join } from 'node:path';

import { hottest } from '../measure/profiler.js';
import type { Work } from '../works/index.js';

const SHOWN = 30;

/** For each profile of a work, where it is and which functions took the most time themselves. */
export function describeProfiles(folder: string, { id }: Work): string {
  const files = readdirSync(folder).filter((name) => name.startsWith(`${id}-`));
  return files.map((name) => describe(join(folder, name))).join('\n');
}

function describe(file: string): string {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profiler.Profile;
  const lines = hottest(profile, SHOWN).map(
    ({ name, percent }) => `  ${percent.toFixed(1).padStart(5)} %  ${name}`,
  );
  return [`\n${file}`, ...lines].join('\n');
}
