import type { Result } from './results.js';

/** Says where results come from, a line for each run that they were taken from. Pure. */
export function captions(results: readonly Result[]): string[] {
  const lines = results.map(({ environment: { machine, versions, date }, rounds }) => {
    const times = rounds === 1 ? 'one round' : `medians of ${rounds} rounds`;
    return `${machine} · ${versions.join(', ')} · ${date} · ${times}`;
  });
  return [...new Set(lines)];
}
