import { openSync, readFileSync, writeSync } from 'node:fs';

/** Count of numbers that each publisher may use. */
const NUMBERS_EACH = 2 ** 27;
const BYTES = 4;

export function numberOf(publisher: number, count: number): number {
  return publisher * NUMBERS_EACH + count;
}

/** Writes numbers to a file, four bytes each, so that millions of them are cheap. */
export class Tally {
  private readonly file: number;
  private readonly bytes = Buffer.alloc(BYTES);

  constructor(path: string) {
    this.file = openSync(path, 'a');
  }

  add(n: number): void {
    this.bytes.writeUInt32LE(n);
    writeSync(this.file, this.bytes);
  }
}

export interface Count {
  /** Accepted messages that the group never handled. */
  readonly lost: number;
  /** Deliveries of a message beyond its first. */
  readonly duplicates: number;
  readonly handled: number;
  /** Messages handled without a known acknowledgement. */
  readonly recovered: number;
}

/** Compares the accepted messages with those that a group handled. Pure. */
export function count(accepted: readonly Uint32Array[], handled: readonly Uint32Array[]): Count {
  // Sorted, because a set of millions of numbers takes a hundred times the memory.
  const wanted = sorted(accepted);
  const got = sorted(handled);
  let [lost, duplicates, recovered] = [0, 0, 0];
  let at = 0;
  for (let index = 0; index < got.length; index += 1) {
    const n = got[index] as number;
    if (index > 0 && n === got[index - 1]) {
      duplicates += 1;
      continue;
    }
    while (at < wanted.length && (wanted[at] as number) < n) {
      lost += 1;
      at += 1;
    }
    if (wanted[at] === n) at += 1;
    else recovered += 1;
  }
  lost += wanted.length - at;
  return { lost, duplicates, handled: got.length, recovered };
}

export function readTally(path: string): Uint32Array {
  const bytes = readFileSync(path);
  const whole = Math.floor(bytes.length / BYTES);
  const numbers = new Uint32Array(whole);
  for (let index = 0; index < whole; index += 1) numbers[index] = bytes.readUInt32LE(index * BYTES);
  return numbers;
}

function sorted(parts: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.sort();
}
