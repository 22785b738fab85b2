/**
 * A wall clock for a Redis of our own that a test can step; see stepping-clock.c. It needs a C compiler and Linux.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('stepping-clock.c', import.meta.url));
const BYTES = 8;

export class SteppingClock {
  #dir;
  #file;
  #offsetMs = 0;

  /** @param {string} dir */
  constructor(dir) {
    this.#dir = dir;
    this.#file = openSync(join(dir, 'offset'), 'w+');
    this.setTo(0);
  }

  static create() {
    if (process.platform !== 'linux') return undefined;
    const dir = mkdtempSync(join(tmpdir(), 'leanmq-clock-'));
    const words = ['-shared', '-fPIC', '-O1', '-o', join(dir, 'clock.so'), SOURCE];
    if (spawnSync('cc', words, { stdio: 'ignore' }).status === 0) return new SteppingClock(dir);
    rmSync(dir, { recursive: true });
    return undefined;
  }

  get env() {
    return {
      LD_PRELOAD: join(this.#dir, 'clock.so'),
      LEANMQ_CLOCK_FILE: join(this.#dir, 'offset'),
    };
  }

  get offsetMs() {
    return this.#offsetMs;
  }

  /** @param {number} offsetMs */
  setTo(offsetMs) {
    const bytes = Buffer.alloc(BYTES);
    const write = new DataView(bytes.buffer, bytes.byteOffset);
    write.setBigInt64(0, BigInt(offsetMs), isLittleEndian());
    writeSync(this.#file, bytes, 0, BYTES, 0);
    this.#offsetMs = offsetMs;
  }

  remove() {
    closeSync(this.#file);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function isLittleEndian() {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}
