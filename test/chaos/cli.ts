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
 * @returns the options, or the exit code: 0 after `--help`, 2 after it has printed why the arguments are wrong
 */
export function readOptions(
  words: readonly string[],
  unsafeModes: readonly string[],
): ChaosOptions | number {
  const command = new Command('npm run chaos --')
    .description(
      'Publishes and consumes through faults, and checks afterwards that nothing was lost.',
    )
    .option('--messages <n>', `messages to publish (default: ${MESSAGES})`, positive)
    .option('--large <percent>', 'share of messages with a payload of 250 KiB', percent, 1)
    .option('--backlog <n>', '250 KiB messages on one queue before any consumer starts', whole, 0)
    .option('--seed <n>', 'seed of the plan (default: random)', whole)
    .addOption(
      new Option('--topology <name>', 'one Redis with an append-only file, or a Sentinel set')
        .choices(['standalone', 'sentinel'])
        .default('standalone'),
    )
    .addOption(
      new Option('--appendfsync <policy>', 'standalone: sync policy of the append-only file')
        .choices(['everysec', 'always'])
        .default('everysec'),
    )
    .addOption(
      new Option(
        '--durability <name>',
        'what a publish waits for: the master, or this many replicas',
      )
        .choices(['memory', '1', '2'])
        .default('memory'),
    )
    .option('--faults <n>', 'faults to make (default: one for each 95 messages)', whole)
    .option('--only <kinds>', `comma-separated kinds of faults to make: ${KINDS.join(', ')}`, kinds)
    .option(
      '--failovers <n>',
      `sentinel: failovers among the faults (default: ${FAILOVERS})`,
      whole,
    )
    .option('--consumers <n>', 'consumer processes in each of the two groups', positive, 3)
    .option('--publishers <n>', 'publisher processes', positive, 2)
    .option(
      '--concurrency <n>',
      'handlers that a consumer runs at once for each queue',
      positive,
      32,
    )
    .option(
      '--output-limit <MiB>',
      `standalone: waiting replies at which Redis cuts a client off (default: ${OUTPUT_LIMIT})`,
      positive,
    )
    .option(
      '--minutes <m>',
      'soak for this long: a fixed rate, few faults, memory over time',
      amount,
    )
    .option('--rate <n>', 'messages per second of a soak', positive, 2_000)
    .addOption(
      new Option(
        '--unsafe <mode>',
        'switch a protection off, to see that the checker notices',
      ).choices(unsafeModes),
    )
    .option(
      '--self-check',
      'run each unsafe mode briefly; the checker must notice all of them',
      false,
    )
    .option('--quick', `a run of about a minute: ${QUICK_MESSAGES} messages`, false)
    .option('--json <file>', 'write the result to this file')
    .option('--keep <folder>', 'write the histories to this folder, and keep them in any case')
    .helpOption('--help', 'this text')
    .addHelpText(
      'after',
      '\nExit code: 0 if everything held, 1 on any violation, 2 for wrong arguments.',
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
    command.error(`error: --only ${misfit} cannot be used with --topology ${topology}.`);
  }
  if (topology === 'standalone' && durability !== 'memory') {
    command.error(
      'error: --durability needs --topology sentinel, because standalone has no replicas.',
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
  throw new InvalidArgumentError('Must be a whole number, 0 or more.');
}

function percent(text: string): number {
  const value = Number(text);
  if (value >= 0 && value < 100) return value;
  throw new InvalidArgumentError('Must be a number from 0 to below 100.');
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Must be a whole number above 0.');
}

function kinds(text: string): FaultKind[] {
  return text.split(',').map((name) => {
    const kind = KINDS.find((each) => each === name.trim());
    if (kind !== undefined) return kind;
    throw new InvalidArgumentError(`"${name}" is not a kind of fault.`);
  });
}

function amount(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Must be a number above 0.');
}
