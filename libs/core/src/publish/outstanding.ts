import { BufferFullError } from '../errors.js';

/**
 * Counts the sends without a reply, and refuses sends beyond the limits. A transaction never has more than `maxBuffered`
 * sends, so it always fits eventually.
 */
export class Outstanding {
  private count = 0;
  private size = 0;
  private onIdle: (() => void)[] = [];
  private onRoom: (() => void)[] = [];

  constructor(
    private readonly maxSends: number,
    private readonly maxBytes: number,
  ) {}

  get sends(): number {
    return this.count;
  }

  /** Returns the error when there is no room for the sends, else undefined. A single send may exceed `maxBytes`. */
  refusal(sends: number, bytes: number): BufferFullError | undefined {
    if (this.count + sends > this.maxSends) return new BufferFullError(this.maxSends);
    if (this.size + bytes <= this.maxBytes || this.count === 0) return undefined;
    return new BufferFullError(this.maxBytes, 'maxBufferedBytes');
  }

  add(sends: number, bytes: number): void {
    this.count += sends;
    this.size += bytes;
  }

  remove(sends: number, bytes: number): void {
    this.count -= sends;
    this.size -= bytes;
    if (this.onRoom.length > 0) for (const resolve of this.onRoom.splice(0)) resolve();
    if (this.count > 0 || this.onIdle.length === 0) return;
    for (const resolve of this.onIdle.splice(0)) resolve();
  }

  /** Resolves when a waiting send is settled. */
  room(): Promise<void> {
    return new Promise((resolve) => this.onRoom.push(resolve));
  }

  /** Resolves when no send waits, or after `timeoutMs`. */
  async idle(timeoutMs: number): Promise<void> {
    if (this.count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.onIdle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
