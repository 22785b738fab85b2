import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { FULL, LONGEST_PING_MS, QUICK, ServerWatch, measure, type Shape } from '../budget/index.js';
import type { Metric, Work } from './work.js';

const PING: Metric = { unit: 'ms of a PING', better: 'less' };
const USUAL: Metric = { unit: 'ms of a script, usual state', better: 'less' };
const WORST: Metric = { unit: 'ms of a script, largest states', better: 'less' };
const [USUAL_SHAPE, ...LARGE_SHAPES] = FULL as readonly [Shape, ...Shape[]];

/** Runs every script over small and large states; `test/budget` asserts the same of the small ones. */
export const scripts: Work = {
  id: 'scripts',
  about: 'the longest that one script holds Redis up',
  contestants: ['core'],
  metrics: [USUAL, WORST, PING],
  targets: [
    { contestant: 'core', unit: USUAL.unit, atMost: USUAL_SHAPE.limitMs },
    {
      contestant: 'core',
      unit: WORST.unit,
      atMost: Math.max(...LARGE_SHAPES.map(({ limitMs }) => limitMs)),
    },
    { contestant: 'core', unit: PING.unit, atMost: LONGEST_PING_MS },
  ],
  full: { messages: 0, warmUp: 0, quick: 0, memory: 2 ** 30, tries: 3 },
  quick: { messages: 0, warmUp: 0, quick: 1, memory: 2 ** 24, tries: 1 },
  roles: {
    async measure({ size, url }) {
      const { quick, memory = 0, tries = 1 } = size;
      const watch = new ServerWatch(url, texts());
      const values = { [USUAL.unit]: 0, [WORST.unit]: 0, [PING.unit]: 0 };
      const note = (unit: string, ms: number): void => {
        values[unit] = Math.max(values[unit] ?? 0, ms);
      };
      for (const shape of quick === 1 ? QUICK : FULL) {
        const say = (line: string): void => void process.stderr.write(`${line}\n`);
        const { findings, longestPingMs } = await measure(shape, {
          ...{ url, watch, memory, tries, say },
        });
        const { unit } = shape.id === USUAL_SHAPE.id ? USUAL : WORST;
        for (const { ms } of findings) note(unit, ms);
        note(PING.unit, longestPingMs);
      }
      watch.close();
      return { values };
    },
  },
  run: (stage) => stage.play('measure'),
};

/** The scripts' texts as they are embedded, by name. */
function texts(): ReadonlyMap<string, string> {
  const folder = join(process.cwd(), 'libs/core/src/redis/scripts');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const parts = (text: string): string =>
    text.replaceAll(/^-- part: (.+)$/gm, (_line, name: string) =>
      readFileSync(join(folder, 'parts', `${name}.lua`), 'utf8').trimEnd(),
    );
  return new Map(
    names
      .filter((name) => name.endsWith('.lua'))
      .map((name) => [
        name.slice(0, -'.lua'.length),
        parts(readFileSync(join(folder, name), 'utf8')),
      ]),
  );
}
