import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

import { KINDS, RECIPES, type FaultKind } from './plan/timeline.js';
import type { DurabilityName, TopologyName } from './setting.js';
import type { Appendfsync } from './topology/topology.js';

export interface ChaosOptions {
  readonly messages: number;
  readonly large: number;
  readonly backlog: number;
  readonly seed: number;
  readonly topology: TopologyName;
  readonly appendfsync: Appendfsync;
  readonly durability: DurabilityName;
  readonly faults: number | undefined;
  readonly only: readonly FaultKind[] | undefined;
  readonly failovers: number;
  readonly consumers: number;
  readonly publishers: number;
  readonly concurrency: number;
  /** MiB of replies that a client may have waiting before Redis cuts it off. */
  readonly outputLimit: number;
  readonly minutes: number | undefined;
  readonly rate: number;
  readonly unsafe: string | undefined;
  readonly selfCheck: boolean;
  readonly json: string | undefined;
  readonly keep: string | undefined;
}

interface Given {
  readonly messages?: number;
  readonly large: number;
  readonly backlog: number;
  readonly seed?: number;
  readonly topology: TopologyName;
  readonly appendfsync: Appendfsync;
  readonly durability: DurabilityName;
  readonly faults?: number;
  readonly only?: readonly FaultKind[];
  readonly failovers?: number;
  readonly consumers: number;
  readonly publishers: number;
  readonly concurrency: number;
  readonly outputLimit?: number;
  readonly minutes?: number;
  readonly rate: number;
  readonly unsafe?: string;
  readonly selfCheck: boolean;
  readonly quick: boolean;
  readonly json?: string;
  readonly keep?: string;
}

const MESSAGES = 20_000;
const QUICK_MESSAGES = 3_000;
const FAILOVERS = 5;
// As managed services have it.
const OUTPUT_LIMIT = 96;

/**
 * Reads the command line.
 *
 * @returns what is to be done, or the exit code when there is nothing (left) to do: 0 after `--help`, 2 for what it does
 *   not understand, which it has said by then
 */
export function readOptions(
  words: readonly string[],
  unsafeModes: readonly string[],
): ChaosOptions | number {
  const command = new Command('npm run chaos --')
    .description(
      'Publishes and consumes through faults, and checks afterwards that nothing was lost.',
    )
    .option('--messages <n>', `how many are published (default: ${MESSAGES})`, positive)
    .option('--large <percent>', 'how many of them have a payload of 250 KiB', percent, 1)
    .option('--backlog <n>', '250 KiB messages on one queue before any consumer starts', whole, 0)
    .option('--seed <n>', 'what the plan is made from (default: another one each time)', whole)
    .addOption(
      new Option('--topology <name>', 'one Redis with an append-only file, or a Sentinel set')
        .choices(['standalone', 'sentinel'])
        .default('standalone'),
    )
    .addOption(
      new Option('--appendfsync <policy>', 'of one Redis: when its append-only file is synced')
        .choices(['everysec', 'always'])
        .default('everysec'),
    )
    .addOption(
      new Option('--durability <name>', 'what a publish waits for: the master, or so many replicas')
        .choices(['memory', '1', '2'])
        .default('memory'),
    )
    .option('--faults <n>', 'how many faults (default: one for each 95 messages)', whole)
    .option('--only <kinds>', `faults of these kinds only, by comma: ${KINDS.join(', ')}`, kinds)
    .option('--failovers <n>', `of Sentinel: how many of them (default: ${FAILOVERS})`, whole)
    .option('--consumers <n>', 'processes of each of the two groups', positive, 3)
    .option('--publishers <n>', 'processes that publish', positive, 2)
    .option(
      '--concurrency <n>',
      'handlers of each queue that a consumer runs at once',
      positive,
      32,
    )
    .option(
      '--output-limit <MiB>',
      `of one Redis: replies waiting for a client before it is cut off (default: ${OUTPUT_LIMIT})`,
      positive,
    )
    .option(
      '--minutes <m>',
      'a soak: a fixed rate for so long, few faults, memory over time',
      amount,
    )
    .option('--rate <n>', 'messages per second of a soak', positive, 2_000)
    .addOption(
      new Option(
        '--unsafe <mode>',
        'switches a protection off, to see that the check notices',
      ).choices(unsafeModes),
    )
    .option(
      '--self-check',
      'each unsafe mode for a short while: all of them must be noticed',
      false,
    )
    .option('--quick', `a run of about a minute: ${QUICK_MESSAGES} messages`, false)
    .option('--json <file>', 'write the result there')
    .option('--keep <folder>', 'write the histories there, and keep them whatever comes out')
    .helpOption('--help', 'this text')
    .addHelpText(
      'after',
      '\nExit code: 0 if everything held, 1 on any violation, 2 for arguments it does not understand.',
    )
    .exitOverride();
  try {
    command.parse(words, { from: 'user' });
    const given = command.opts<Given>();
    check(command, given);
    return complete(given);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
}

function check(
  command: Command,
  { topology, durability, failovers, outputLimit, minutes, unsafe, only }: Given,
): void {
  const misfit = only?.find((kind) => RECIPES[kind].weight[topology] === 0);
  if (misfit !== undefined) {
    command.error(`error: --only ${misfit} makes no sense with --topology ${topology}.`);
  }
  if (topology === 'standalone' && durability !== 'memory') {
    command.error(
      'error: --durability needs --topology sentinel: there are no replicas otherwise.',
    );
  }
  if (topology === 'sentinel' && outputLimit !== undefined) {
    command.error('error: --output-limit is for the standalone topology.');
  }
  if (topology === 'standalone' && failovers !== undefined) {
    command.error('error: --failovers needs --topology sentinel.');
  }
  if (minutes !== undefined && (unsafe !== undefined || topology === 'sentinel')) {
    command.error('error: --minutes is for the standalone topology, without --unsafe.');
  }
}

function complete(given: Given): ChaosOptions {
  const { quick, topology } = given;
  return {
    messages: given.messages ?? (quick ? QUICK_MESSAGES : MESSAGES),
    large: given.large,
    backlog: given.backlog,
    seed: given.seed ?? Math.floor(Math.random() * 1_000_000),
    topology,
    appendfsync: given.appendfsync,
    durability: given.durability,
    faults: given.faults,
    only: given.only,
    failovers: topology === 'sentinel' ? (given.failovers ?? FAILOVERS) : 0,
    consumers: given.consumers,
    publishers: given.publishers,
    concurrency: given.concurrency,
    outputLimit: given.outputLimit ?? OUTPUT_LIMIT,
    minutes: given.minutes,
    rate: given.rate,
    unsafe: given.unsafe,
    selfCheck: given.selfCheck,
    json: given.json,
    keep: given.keep,
  };
}

function whole(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('A whole number, 0 or more, is needed.');
}

function percent(text: string): number {
  const value = Number(text);
  if (value >= 0 && value < 100) return value;
  throw new InvalidArgumentError('A number from 0 up to, but without, 100 is needed.');
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('A whole number above 0 is needed.');
}

function kinds(text: string): FaultKind[] {
  return text.split(',').map((name) => {
    const kind = KINDS.find((each) => each === name.trim());
    if (kind !== undefined) return kind;
    throw new InvalidArgumentError(`"${name}" is none of them.`);
  });
}

function amount(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('A number above 0 is needed.');
}
