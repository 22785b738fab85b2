import type { Target, Work } from '../works/index.js';
import { showNumber, showRatio } from './numbers.js';
import type { Result } from './results.js';
import { find, verdictsOf, type Verdict } from './verdicts.js';

export const HEAD = [
  'contestant',
  'median',
  'min – max',
  '/ raw',
  '/ BullMQ',
  'server CPU',
  'client CPU',
  'commands',
];

/** A work's results for a terminal, with what has to be reached below. Pure. */
export function table(work: Work, results: readonly Result[], withTargets: boolean): string {
  const lines = work.metrics.flatMap(({ unit, better }) => [
    '',
    `${work.id}: ${work.about}; ${unit}, ${better} is better`,
    ...aligned([HEAD, ...rows(work.id, unit, results)]).map((line) => `  ${line}`),
  ]);
  const verdicts = withTargets
    ? verdictsOf(work, results).map((each) => `  ${sentence(each)}`)
    : [];
  return [...lines, ...verdicts].join('\n');
}

export function rows(work: string, unit: string, results: readonly Result[]): string[][] {
  const own = results.filter((each) => each.work === work && each.unit === unit);
  const against = (median: number, contestant: string): string => {
    const other = find(results, work, contestant, unit);
    return showRatio(other === undefined ? undefined : median / other);
  };
  return own.map((each) => [
    each.contestant,
    showNumber(each.median),
    `${showNumber(each.min)} – ${showNumber(each.max)}`,
    against(each.median, 'raw'),
    against(each.median, 'bullmq'),
    optional(each.redisCpuPer100k),
    optional(each.clientCpuPer100k),
    optional(each.commandsPerMessage),
  ]);
}

/** `core ≥ 0.75 × raw (messages/s): 0.81, met` */
export function sentence(verdict: Verdict): string {
  const { target, met } = verdict;
  if (met === undefined) return `${demand(target)}: not measured in this run`;
  return `${demand(target)}: ${showReached(verdict)}, ${met ? 'met' : 'NOT MET'}`;
}

/** A ratio, or the figure itself where it is compared with a bound. */
export function showReached({ target, reached }: Verdict): string {
  if (reached === undefined) return '–';
  return target.against === undefined ? showNumber(reached) : reached.toFixed(2);
}

/** `core ≥ 0.75 × raw` */
export function demand({ contestant, unit, atLeast, atMost, against }: Target): string {
  const bound = atLeast === undefined ? `≤ ${atMost ?? ''}` : `≥ ${atLeast}`;
  const what = against === undefined ? unit : `× ${against.contestant}`;
  const where = against?.work === undefined ? '' : ` in ${against.work}`;
  const which = against === undefined ? '' : ` (${unit})`;
  return `${contestant} ${bound} ${what}${where}${which}`;
}

function optional(value: number | null): string {
  return value === null ? '–' : showNumber(value);
}

/** The first column to the left, figures to the right. */
function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  return table.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  '),
  );
}
