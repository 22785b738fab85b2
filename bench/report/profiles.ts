import { readdirSync, readFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Work } from '../works/index.js';

const SHOWN = 30;

/** For each profile of a work, where it is and which functions took the most time themselves. */
export function describeProfiles(folder: string, { id }: Work): string {
  const files = readdirSync(folder).filter((name) => name.startsWith(`${id}-`));
  return files.map((name) => describe(join(folder, name))).join('\n');
}

function describe(file: string): string {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profiler.Profile;
  const lines = hottest(profile).map(
    ({ name, percent }) => `  ${percent.toFixed(1).padStart(5)} %  ${name}`,
  );
  return [`\n${file}`, ...lines].join('\n');
}

function hottest({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): {
  name: string;
  percent: number;
}[] {
  const spent = new Map<number, number>();
  samples.forEach((node, index) => {
    spent.set(node, (spent.get(node) ?? 0) + (timeDeltas[index] ?? 0));
  });
  const byName = new Map<string, number>();
  for (const { id, callFrame } of nodes) {
    const name = `${callFrame.functionName || '(anonymous)'}${placeOf(callFrame)}`;
    byName.set(name, (byName.get(name) ?? 0) + (spent.get(id) ?? 0));
  }
  const total = [...spent.values()].reduce((sum, took) => sum + took, 0);
  return [...byName]
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([name, took]) => ({ name, percent: (100 * took) / total }));
}

const bundles = new Map<string, string[]>();

/** The bundle says above the code of each file which one it is. */
function placeOf({ url, lineNumber }: Profiler.Profile['nodes'][number]['callFrame']): string {
  if (url === '') return '';
  if (!url.startsWith('file:') || !url.endsWith('.mjs')) return ` (${url.split('/').at(-1) ?? ''})`;
  const lines = bundles.get(url) ?? readFileSync(fileURLToPath(url), 'utf8').split('\n');
  bundles.set(url, lines);
  const heading = lines.slice(0, lineNumber + 1).findLast((line) => /^\/\/ \S+\.ts$/.test(line));
  return ` (${heading?.slice(3) ?? url})`;
}
