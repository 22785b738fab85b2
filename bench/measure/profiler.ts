import { writeFileSync } from 'node:fs';
import { Session, type Profiler as V8 } from 'node:inspector';

/** Often enough for a run of a second; more would be felt. */
const INTERVAL_US = 200;

/** Records where this process spends its time while a meter runs, and nothing of what is before and after. */
export class Profiler {
  private readonly session = new Session();
  private profile: V8.Profile | undefined;

  /** @param file receives the profile when `write` is called; Chrome's DevTools and VS Code open it */
  constructor(private readonly file: string) {
    this.session.connect();
    this.session.post('Profiler.enable');
    this.session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
  }

  start(): void {
    this.session.post('Profiler.start');
  }

  stop(): void {
    // It answers before `post` returns: the session is in this very process.
    this.session.post('Profiler.stop', (error, reply) => {
      if (error === null) this.profile = reply.profile;
    });
  }

  write(): void {
    if (this.profile !== undefined) writeFileSync(this.file, JSON.stringify(this.profile));
  }
}

/** @returns the functions that took most of the time themselves, in percent of all */
export function hottest(profile: V8.Profile, count: number): { name: string; percent: number }[] {
  const spent = new Map<number, number>();
  const { samples = [], timeDeltas = [] } = profile;
  samples.forEach((node, index) => {
    spent.set(node, (spent.get(node) ?? 0) + (timeDeltas[index] ?? 0));
  });
  const byName = new Map<string, number>();
  let total = 0;
  for (const { id, callFrame } of profile.nodes) {
    const took = spent.get(id) ?? 0;
    const file = callFrame.url.split('/').at(-1) ?? '';
    const where = file === '' ? '' : ` (${file}:${callFrame.lineNumber + 1})`;
    const name = `${callFrame.functionName || '(anonymous)'}${where}`;
    byName.set(name, (byName.get(name) ?? 0) + took);
    total += took;
  }
  return [...byName]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, took]) => ({ name, percent: (100 * took) / total }));
}
