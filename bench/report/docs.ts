import { readFileSync, writeFileSync } from 'node:fs';

import { format, resolveConfig } from 'prettier';

import type { Work } from '../works/index.js';
import { captions } from './captions.js';
import type { Result } from './results.js';
import { demand, HEAD, rows, showReached } from './table.js';
import { find, verdictsOf } from './verdicts.js';

const PICTURE =
  '![Bars for each work: how core, Nest and BullMQ compare with hand-written code](performance.svg)';

/** Text between the markers of a page, by marker name. */
type Parts = Readonly<Record<string, string>>;

export function performanceParts(works: readonly Work[], results: readonly Result[]): Parts {
  return {
    machine: `${PICTURE}\n\nMeasured on: ${captions(results).join('; ')}.`,
    targets: targetTable(works, results),
    figures: works.map((work) => figureTables(work, results)).join('\n\n'),
  };
}

/** Nothing, unless a run has measured what the README tells. */
export function readmeParts(results: readonly Result[]): Parts {
  const times = (work: string, contestant: string): string | undefined => {
    const [own, other] = ['core', contestant].map((name) =>
      find(results, work, name, 'messages/s'),
    );
    return own === undefined || other === undefined ? undefined : (own / other).toFixed(1);
  };
  const publish = [times('publish-256', 'raw'), times('publish-256', 'bullmq')];
  const consume = [times('consume', 'raw'), times('consume', 'bullmq')];
  if ([...publish, ...consume].includes(undefined)) return {};
  return {
    speed: `Side by side in one run, with 256 sends in flight it publishes ${publish[0]} times as fast as hand-written ioredis code that promises nothing, and ${publish[1]} times as fast as BullMQ; a backlog it consumes ${consume[0]} and ${consume[1]} times as fast. [docs/performance.md](docs/performance.md) has all figures, says what each means, and is a guide to tuning.`,
  };
}

/** Puts what a run has found between the markers of a page, so that nobody types a figure. */
export async function updatePage(file: string, parts: Parts): Promise<void> {
  const page = Object.entries(parts).reduce(
    (text, [name, content]) => between(text, name, content),
    readFileSync(file, 'utf8'),
  );
  const config = await resolveConfig(file);
  writeFileSync(file, await format(page, { ...config, filepath: file }));
}

/**
 * Replaces what is between `<!-- bench: name -->` and `<!-- /bench -->`. Pure.
 *
 * @throws {Error} if the page has no such place
 */
export function between(page: string, name: string, content: string): string {
  const [begin, end] = [`<!-- bench: ${name} -->`, '<!-- /bench -->'];
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`The page has no ${begin} … ${end}.`);
  return `${page.slice(0, from + begin.length)}\n\n${content}\n\n${page.slice(to)}`;
}

function targetTable(works: readonly Work[], results: readonly Result[]): string {
  const lines = works.flatMap((work) =>
    verdictsOf(work, results)
      .filter(({ reached }) => reached !== undefined)
      .map((verdict) => {
        const { target, met } = verdict;
        return [
          work.id,
          demand(target),
          showReached(verdict),
          met === true ? 'met' : '**not met**',
        ];
      }),
  );
  return markdown([['work', 'must reach', 'reached', ''], ...lines], 2);
}

function figureTables({ id, about, metrics }: Work, results: readonly Result[]): string {
  const tables = metrics.flatMap(({ unit, better }) => {
    const lines = rows(id, unit, results);
    if (lines.length === 0) return [];
    return [`${unit}, ${better} is better:`, markdown([HEAD, ...lines])];
  });
  return tables.length === 0 ? '' : [`### ${id}`, `${about}.`, ...tables].join('\n\n');
}

/** @param texts how many columns, from the first on, are no figures */
function markdown([head = [], ...body]: readonly (readonly string[])[], texts = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column < texts ? '---' : '--:'));
  return [line(head), line(rule), ...body.map(line)].join('\n');
}
