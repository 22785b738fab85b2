import type { ConsumerEntry, Letter, LogEntry } from '../final-state.js';
import { SETTLED, type Line, type SendResult, type Settled } from '../history.js';
import { planWorkload, type Operation, type PlannedSend } from '../plan/workload.js';
import type { ProcessRecord } from '../processes.js';
import type { Evidence } from '../run.js';
import type { Group } from '../setting.js';
import { Interruptions } from './interruptions.js';

/** Attempt to publish an operation. */
export interface Turn {
  readonly op: number;
  readonly pid: number;
  readonly invokedAt: number;
  endedAt?: number;
  how?: 'ok' | 'unknown' | 'not-sent';
  results?: readonly SendResult[];
}

/** Message that a publisher tried to send, and the outcome. */
export interface SentMessage {
  readonly n: number;
  readonly operation: Operation;
  readonly planned: PlannedSend;
  readonly turns: readonly Turn[];
  /** Outcome; also `unknown` when the publisher died before the answer. */
  readonly status: 'ok' | 'unknown' | 'not-sent';
  readonly invokedAt: number;
  /** Time of the first acknowledgement. */
  readonly okAt: number | undefined;
}

/** Call of a handler. */
export interface Handling {
  readonly n: number;
  readonly group: Group;
  readonly pid: number;
  readonly path: string;
  readonly id: string;
  readonly origin: string;
  readonly attempt: number;
  readonly crashes: number;
  readonly replays: number;
  readonly expiresAt: number | undefined;
  readonly key: string | undefined;
  readonly at: number;
  endedAt?: number;
  how?: 'ok' | 'failed';
  aborted?: string | undefined;
  settled?: Settled;
  settledAt?: number;
  leaseLost?: boolean;
}

/** Everything that the invariants cover, gathered from the histories and from Redis. */
export interface Facts {
  readonly evidence: Evidence;
  readonly operations: ReadonlyMap<number, readonly Turn[]>;
  readonly messages: ReadonlyMap<number, SentMessage>;
  /** Handlings of each message and group, oldest first. */
  readonly handlings: ReadonlyMap<string, readonly Handling[]>;
  readonly letters: ReadonlyMap<string, readonly Letter[]>;
  readonly entries: ReadonlyMap<number, readonly LogEntry[]>;
  /** Entries that neither a publisher nor a fault wrote. */
  readonly strangers: readonly string[];
  /** Dead letters of entries that a fault wrote. */
  readonly foreignLetters: readonly Letter[];
  readonly processes: readonly ProcessRecord[];
  readonly consumers: readonly (ConsumerEntry & { readonly pid: number | undefined })[];
  readonly interruptions: Interruptions;
}

export function keyOf(n: number, group: string): string {
  return `${n}/${group}`;
}

export function gatherFacts(evidence: Evidence): Facts {
  const { options, slots, histories, final, storm } = evidence;
  const turns = new Map<number, Turn[]>();
  const handlings = new Map<string, Handling[]>();
  const pids = new Map<string, number>();
  for (const slot of slots) {
    const lines = histories.get(slot) ?? [];
    readTurns(lines, turns);
    for (const { consumer, pid } of starts(lines)) pids.set(consumer, pid);
    if (slot.group === undefined) continue;
    for (const handling of readHandlings(lines, slot.group)) {
      push(handlings, keyOf(handling.n, handling.group), handling);
    }
  }
  for (const list of handlings.values()) list.sort((a, b) => a.at - b.at);
  const processes = slots.flatMap(({ records }) => records);
  const operations = planWorkload(options);
  const messages = messagesOf(operations, turns);
  const letters = new Map<string, Letter[]>();
  const entries = new Map<number, LogEntry[]>();
  const strangers: string[] = [];
  const foreignLetters: Letter[] = [];
  const foreign = new Set(
    storm.records.flatMap((each) => (each.foreign ? [placeOf(each.foreign)] : [])),
  );
  for (const entry of final.entries) {
    if (foreign.has(placeOf(entry))) continue;
    if (entry.n === undefined) strangers.push(placeOf(entry));
    else push(entries, entry.n, entry);
  }
  for (const letter of final.letters) {
    if (foreign.has(placeOf({ path: letter.path, entryId: letter.origin })))
      foreignLetters.push(letter);
    else if (letter.n === undefined) strangers.push(`${letter.path} dead ${letter.letterId}`);
    else push(letters, keyOf(letter.n, letter.group), letter);
  }
  return {
    ...{ evidence, operations: turns, messages, handlings, letters, entries, strangers, processes },
    foreignLetters,
    consumers: final.consumers.map((entry) => ({ ...entry, pid: pids.get(entry.name) })),
    interruptions: new Interruptions(storm.records, processes, histories.values()),
  };
}

function placeOf({ path, entryId }: { path: string; entryId: string }): string {
  return `${path} ${entryId}`;
}

function messagesOf(
  operations: readonly Operation[],
  all: ReadonlyMap<number, readonly Turn[]>,
): Map<number, SentMessage> {
  const messages = new Map<number, SentMessage>();
  for (const operation of operations) {
    const turns = all.get(operation.index) ?? [];
    const [first] = turns;
    if (first === undefined) continue;
    const ok = turns.find(({ how }) => how === 'ok');
    const isUnknown = turns.some(({ how }) => how === undefined || how === 'unknown');
    for (const planned of operation.sends) {
      messages.set(planned.task.n, {
        ...{ n: planned.task.n, operation, planned, turns, invokedAt: first.invokedAt },
        status: ok !== undefined ? 'ok' : isUnknown ? 'unknown' : 'not-sent',
        okAt: ok?.endedAt,
      });
    }
  }
  return messages;
}

function readTurns(lines: readonly Line[], turns: Map<number, Turn[]>): void {
  let pid = 0;
  for (const line of lines) {
    if (line.e === 'start') ({ pid } = line);
    if (line.e === 'invoke') push(turns, line.op, { op: line.op, pid, invokedAt: line.at });
    if (line.e !== 'ok' && line.e !== 'unknown' && line.e !== 'not-sent') continue;
    const turn = turns.get(line.op)?.findLast((each) => each.pid === pid && each.how === undefined);
    if (turn === undefined) continue;
    Object.assign(turn, { endedAt: line.at, how: line.e });
    if (line.e === 'ok') turn.results = line.results;
  }
}

function readHandlings(lines: readonly Line[], group: Group): Handling[] {
  const found: Handling[] = [];
  let pid = 0;
  let byNumber = new Map<number, Handling>();
  let byAttempt = new Map<string, Handling[]>();
  for (const line of lines) {
    if (line.e === 'start') {
      ({ pid } = line);
      byNumber = new Map();
      byAttempt = new Map();
    } else if (line.e === 'delivered') {
      const { e: _e, d, ...rest } = line;
      const handling: Handling = { expiresAt: undefined, key: undefined, ...rest, group, pid };
      found.push(handling);
      byNumber.set(d, handling);
      push(byAttempt, attemptOf(line), handling);
    } else if (line.e === 'ended') {
      const handling = byNumber.get(line.d);
      if (handling === undefined) continue;
      Object.assign(handling, { endedAt: line.at, how: line.how, aborted: line.aborted });
    } else if (isSettled(line)) {
      const handling = byAttempt.get(attemptOf(line))?.find((each) => each.settled === undefined);
      if (handling === undefined) continue;
      Object.assign(handling, { settled: line.e, settledAt: line.at, leaseLost: line.leaseLost });
    }
  }
  return found;
}

function attemptOf(line: { path: string; id: string; attempt: number }): string {
  return `${line.path} ${line.id} ${line.attempt}`;
}

function isSettled(line: Line): line is Extract<Line, { e: Settled }> {
  return (SETTLED as readonly string[]).includes(line.e);
}

function starts(lines: readonly Line[]): { consumer: string; pid: number }[] {
  return lines.flatMap((line) =>
    line.e === 'start' && line.consumer !== undefined
      ? [{ consumer: line.consumer, pid: line.pid }]
      : [],
  );
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
