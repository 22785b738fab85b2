import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

import type { Group } from './setting.js';

/** What a process says of itself. `at` is epoch ms of this machine, which all of them share. */
export type Line =
  | { e: 'start'; at: number; pid: number; consumer?: string }
  /** The event loop stood still from then until now. */
  | { e: 'stall'; at: number; from: number }
  | { e: 'term' | 'closed' | 'exit'; at: number }
  /** It was closed and did not end: what kept it. */
  | { e: 'kept'; at: number; by: readonly string[] }
  | { e: 'connection'; at: number; is: 'lost' | 'regained'; role?: string }
  | { e: 'complaint'; at: number; what: 'fault' | 'warning'; text: string }
  | PublisherLine
  | ConsumerLine;

export type PublisherLine =
  | { e: 'invoke'; at: number; op: number; turn: number }
  /** What became of each send, in their order. */
  | { e: 'ok'; at: number; op: number; turn: number; results: readonly SendResult[] }
  | { e: 'unknown' | 'not-sent'; at: number; op: number; turn: number; code: string }
  | { e: 'replay'; at: number; path: string; group: Group; letters: readonly string[] }
  | { e: 'replayed'; at: number; path: string; group: Group; letters: readonly string[] }
  /** Of a soak: how many it has sent, and how many of them were refused or unknown. */
  | { e: 'tally'; at: number; sent: number; failed: number }
  | { e: 'finished'; at: number };

export interface SendResult {
  readonly id: string;
  readonly outcome: string;
}

export type ConsumerLine =
  | {
      e: 'delivered';
      at: number;
      /** The so-manyth of this process. */
      d: number;
      n: number;
      path: string;
      id: string;
      origin: string;
      attempt: number;
      crashes: number;
      replays: number;
      expiresAt?: number | undefined;
      key?: string | undefined;
    }
  /** Its handler has ended; `aborted` is the name of the signal's reason, if it had one by then. */
  | { e: 'ended'; at: number; d: number; how: 'ok' | 'failed'; aborted?: string | undefined }
  /** Its payload is not what was sent. */
  | { e: 'damaged'; at: number; n: number }
  /** The context of message `from` was there where it has no business. */
  | { e: 'leak'; at: number; from: number; into: string }
  /** It is about to kill its own process. */
  | { e: 'dies'; at: number; d: number }
  /** The engine has told of it. */
  | {
      e: Settled;
      at: number;
      path: string;
      id: string;
      attempt: number;
      leaseLost?: boolean;
      reason?: string;
    }
  | { e: 'reclaimed' | 'suspected'; at: number; path: string; count: number };

export const SETTLED = [
  ...(['acked', 'retried', 'deadLettered', 'expired', 'skipped'] as const),
  ...(['released', 'leaseLost', 'dropped', 'lost'] as const),
] as const;
export type Settled = (typeof SETTLED)[number];

/** Writes one line for each event, at once: what was written is there whatever happens to the process next. */
export class History {
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'a');
  }

  write(line: Line): void {
    writeSync(this.file, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.file);
  }
}

/** Reads what was written, as far as it is whole: of a process that was killed the last line may be half of one. */
export function readHistory(path: string): Line[] {
  const lines: Line[] = [];
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return lines;
  }
  for (const line of text.split('\n')) {
    try {
      lines.push(JSON.parse(line) as Line);
    } catch {
      // Half a line; who took its place began in the middle of it.
      const rest = line.indexOf('{"e":"', 1);
      if (rest > 0) lines.push(...parsed(line.slice(rest)));
    }
  }
  return lines;
}

function parsed(text: string): Line[] {
  try {
    return [JSON.parse(text) as Line];
  } catch {
    return [];
  }
}
