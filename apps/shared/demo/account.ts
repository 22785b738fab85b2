/**
 * The service's own account of what it did, one JSON line for each deed. The demo compares it with
 * what LeanMQ says, so it is written by the service and by nothing of LeanMQ.
 */
import { appendFileSync } from 'node:fs';

export interface AccountLine {
  /** A handler began, and ended in one of the two ways; a process that is killed writes no end. */
  readonly deed: 'begin' | 'done' | 'failed';
  readonly path: string;
  /** The message's id. */
  readonly id: string;
  /** The entry of the log that it came from: a message that was published twice has two. */
  readonly origin: string;
  readonly orderId: string;
  readonly attempt: number;
  /** Number of earlier processes that died while handling the message. */
  readonly crashes: number;
  /** Number of times the message had been replayed from the dead letters. */
  readonly replays: number;
  readonly pid: number;
  /** Epoch ms. */
  readonly at: number;
  readonly error?: string;
}

/** Appends to a file, synchronously: what was written is there, whatever happens to the process. */
export class Account {
  /** @param file nothing is written without one: then nobody asked for an account */
  constructor(private readonly file: string | undefined) {}

  write(line: Omit<AccountLine, 'pid' | 'at'>): void {
    append(this.file, { ...line, pid: process.pid, at: Date.now() });
  }
}

/** One line of JSON, in one write. */
export function append(file: string | undefined, line: object): void {
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`);
}
