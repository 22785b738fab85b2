import { Command, InvalidArgumentError } from 'commander';

import { CONTESTANTS, type ContestantName } from './contestants/index.js';
import { WORKS, type Work } from './works/index.js';

export interface BenchOptions {
  readonly quick: boolean;
  readonly works: readonly Work[];
  /** Undefined: those of each work. */
  readonly contestants: readonly ContestantName[] | undefined;
  readonly rounds: number;
  /** Undefined: what each work says. */
  readonly slots: number | undefined;
  readonly json: string | undefined;
  /** Results of an earlier run. */
  readonly from: string | undefined;
  readonly profile: string | undefined;
  readonly peers: boolean;
  readonly chart: boolean;
  readonly docs: boolean;
}

/** Prints and ends the process for `--help` and for what it does not understand. */
export function readOptions(words: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description('Measures LeanMQ against hand-written code and against its peers, side by side.')
    .option(
      '--quick',
      'small numbers and one round: shows that everything runs, not how fast',
      false,
    )
    .option('--only <ids>', `works, by comma: ${WORKS.map(({ id }) => id).join(', ')}`, works)
    .option('--contestant <names>', `contestants, by comma: ${CONTESTANTS.join(', ')}`, contestants)
    .option('--rounds <n>', 'how often each is measured (default: 3, or 1 with --quick)', positive)
    .option('--slots <n>', 'handlers at the same time (default: the fastest of some)', positive)
    .option('--json <file>', 'write the results there')
    .option('--from <file>', 'take the results of an earlier --json instead of measuring')
    .option('--profile <folder>', 'write a CPU profile of each measured process there')
    .option('--peers', 'NATS JetStream and RabbitMQ too, if their servers are installed', false)
    .option('--chart', 'draw docs/performance.svg', false)
    .option('--docs', 'put the figures into docs/performance.md and README.md', false)
    .helpOption('--help', 'this text')
    .parse(words, { from: 'user' });
  const given = command.opts<{
    quick: boolean;
    only?: Work[];
    contestant?: ContestantName[];
    rounds?: number;
    slots?: number;
    json?: string;
    from?: string;
    profile?: string;
    peers: boolean;
    chart: boolean;
    docs: boolean;
  }>();
  return {
    ...{ quick: given.quick, peers: given.peers, chart: given.chart, docs: given.docs },
    works: given.only ?? WORKS,
    contestants: given.contestant,
    rounds: given.rounds ?? (given.quick ? 1 : 3),
    slots: given.slots,
    json: given.json,
    from: given.from,
    profile: given.profile,
  };
}

function works(ids: string): Work[] {
  return ids.split(',').map((id) => {
    const work = WORKS.find((each) => each.id === id.trim());
    if (work === undefined) throw new InvalidArgumentError(`There is no work "${id}".`);
    return work;
  });
}

function contestants(names: string): ContestantName[] {
  return names.split(',').map((name) => {
    const found = CONTESTANTS.find((each) => each === name.trim());
    if (found === undefined) throw new InvalidArgumentError(`There is no contestant "${name}".`);
    return found;
  });
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Give a whole number, 1 or more.');
}
