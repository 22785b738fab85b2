import { closeSync, existsSync, openSync, readSync } from 'node:fs';

const CHUNK = 64 * 1024;

/** A file of JSON lines that another process appends to. */
export class LinesFile<T> {
  private readonly lines: T[] = [];
  private offset = 0;
  private rest = Buffer.alloc(0);

  constructor(readonly path: string) {}

  /** All lines so far. */
  read(): readonly T[] {
    if (!existsSync(this.path)) return this.lines;
    const file = openSync(this.path, 'r');
    try {
      for (;;) {
        const chunk = Buffer.alloc(CHUNK);
        const length = readSync(file, chunk, 0, CHUNK, this.offset);
        if (length === 0) return this.lines;
        this.offset += length;
        this.take(chunk.subarray(0, length));
      }
    } finally {
      closeSync(file);
    }
  }

  private take(chunk: Buffer): void {
    const bytes = Buffer.concat([this.rest, chunk]);
    const end = bytes.lastIndexOf('\n') + 1;
    // The last line may be half written: a process can be killed at any moment.
    this.rest = Buffer.from(bytes.subarray(end));
    for (const line of bytes.subarray(0, end).toString().split('\n')) {
      if (line !== '') this.lines.push(JSON.parse(line) as T);
    }
  }
}
