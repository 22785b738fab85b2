import type { AccountLine } from '../../../shared/demo/account.js';
import { keyOf } from './due.js';

/** History of one message in one service, according to the service itself. */
export interface History {
  readonly done: number;
  /** Failures that were followed by a further attempt. */
  readonly retried: number;
  /** Failures that were not, or only after a replay. */
  readonly deadLettered: number;
  readonly replayed: number;
  /** Runs that began because an earlier one never ended. */
  readonly takenOver: number;
  /** Processes that began with it and never came to an end. */
  readonly unfinishedIn: readonly number[];
  /** Processes that ever ran it. */
  readonly pids: readonly number[];
  /** Number of times the message was published, according to the service alone. */
  readonly origins: number;
}

/** By message, in the order of their first lines. Pure. */
export function historiesOf(account: readonly AccountLine[]): Map<string, History> {
  const byMessage = new Map<string, AccountLine[]>();
  for (const line of account) {
    const lines = byMessage.get(keyOf(line));
    if (lines) lines.push(line);
    else byMessage.set(keyOf(line), [line]);
  }
  return new Map([...byMessage].map(([key, lines]) => [key, historyOf(lines)]));
}

/** Reads the lines of one message, in the order in which they were written. Pure. */
export function historyOf(lines: readonly AccountLine[]): History {
  const count = { done: 0, retried: 0, deadLettered: 0, replayed: 0, takenOver: 0 };
  const running = new Map<string, number>();
  let previous: AccountLine | undefined;
  for (const line of lines) {
    const run = `${line.pid} ${line.replays} ${line.attempt}`;
    if (line.deed === 'begin') {
      if (previous !== undefined) count[reasonToBegin(line, previous)] += 1;
      running.set(run, line.pid);
    } else {
      if (line.deed === 'done') count.done += 1;
      running.delete(run);
    }
    previous = line;
  }
  // Every replay is of a dead letter; a failure that nothing followed is one that was not replayed.
  count.deadLettered = count.replayed + (previous?.deed === 'failed' ? 1 : 0);
  return {
    ...count,
    unfinishedIn: [...running.values()],
    pids: [...new Set(lines.map(({ pid }) => pid))],
    origins: new Set(lines.map(({ origin }) => origin)).size,
  };
}

function reasonToBegin(
  line: AccountLine,
  previous: AccountLine,
): 'replayed' | 'takenOver' | 'retried' {
  if (line.replays > previous.replays) return 'replayed';
  // A failure that could not be told to Redis counts as a crash, not as a failed attempt.
  if (line.crashes > previous.crashes || previous.deed !== 'failed') return 'takenOver';
  return 'retried';
}
