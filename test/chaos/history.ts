import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

import type { Group } from './setting.js';

/** Event that a process recorded. `at` is epoch ms of the machine that all processes share. */
export type Line =
  | { e: 'start'; at: number; pid: number; consumer?: string }
  /** The event loop stood still between `from` and `at`. */
  | { e: 'stall'; at: number; from: number }
  | { e: 'term' | 'closed' | 'exit'; at: number }
  /** The process was closed and did not end; `by` names the resources that kept it alive. */
  | { e: 'kept'; at: number; by: readonly string[] }
  | { e: 'connection'; at: number; is: 'lost' | 'regained'; role?: string }
  | { e: 'complaint'; at: number; what: 'fault' | 'warning'; text: string }
  | PublisherLine
  | ConsumerLine;

export type PublisherLine =
  | { e: 'invoke'; at: number; op: number; turn: number }
  /** `results` holds the outcome of each send, in order. */
  | { e: 'ok'; at: number; op: number; turn: number; results: readonly SendResult[] }
  | { e: 'unknown' | 'not-sent'; at: number; op: number; turn: number; code: string }
  | { e: 'replay'; at: number; path: string; group: Group; letters: readonly string[] }
  | { e: 'replayed'; at: number; path: string; group: Group; letters: readonly string[] }
  /** In a soak: messages sent, and how many of them were refused or unknown. */
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
      /** Number of the delivery in this process, from 1. */
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
  /** The handler has ended; `aborted` is the name of the signal's reason, if it was aborted. */
  | { e: 'ended'; at: number; d: number; how: 'ok' | 'failed'; aborted?: string | undefined }
  /** The payload differs from what was sent. */
  | { e: 'damaged'; at: number; n: number }
  /** The async context of message `from` was visible elsewhere. */
  | { e: 'leak'; at: number; from: number; into: string }
  /** The handler is about to kill its own process. */
  | { e: 'dies'; at: number; d: number }
  /** The engine emitted this event. */
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

/** Writes each event synchronously, so that a crash right after loses nothing. */
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

/** Reads the whole lines of a history. A process that was killed may leave half of its last line. */
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
      // The replacement of a killed process appends to its half line.
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
