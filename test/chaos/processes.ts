import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Group, ProcessSettings } from './setting.js';

/** One process from its start to its end. The harness knows of it what the process itself cannot tell. */
export interface ProcessRecord {
  readonly slot: string;
  readonly pid: number;
  readonly startedAt: number;
  endedAt?: number;
  signal?: NodeJS.Signals | null;
  code?: number | null;
  /** What the harness did to end it; undefined when it ended by itself. */
  endedBy?: 'kill' | 'term';
  /** It was asked to end and did not, so that it was killed. */
  overstayed?: true;
}

const RESTART_MS = 100;
// Draining takes up to its own timeout; a process that is there for much longer is kept by something.
const TERM_MS = 15_000;

const running = new Set<ChildProcess>();
// Also those that stand still, which nothing else would end.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A place in the fleet: when its process ends, another one takes it. */
export class Slot {
  readonly records: ProcessRecord[] = [];
  readonly history: string;
  /** Whom a fault has in its hands leaves no room for another fault. */
  isBusy = false;
  private child: ChildProcess | undefined;
  private isWanted = false;

  constructor(
    readonly name: string,
    readonly role: 'consumer' | 'publisher',
    readonly group: Group | undefined,
    private readonly program: string,
    private readonly folder: string,
    private readonly settings: (own: Pick<ProcessSettings, 'slot' | 'history'>) => ProcessSettings,
  ) {
    this.history = join(folder, `${name}.jsonl`);
  }

  get record(): ProcessRecord | undefined {
    return this.records.at(-1);
  }

  get isRunning(): boolean {
    return this.record !== undefined && this.record.endedAt === undefined;
  }

  start(): void {
    this.isWanted = true;
    const log = openSync(join(this.folder, `${this.name}.log`), 'a');
    const settings = this.settings({ slot: this.name, history: this.history });
    const child = spawn(process.execPath, [this.program, JSON.stringify(settings)], {
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    this.child = child;
    running.add(child);
    const record: ProcessRecord = {
      slot: this.name,
      pid: child.pid as number,
      startedAt: Date.now(),
    };
    this.records.push(record);
    // It may be gone when its input is closed.
    child.stdin?.on('error', () => undefined);
    child.once('exit', (code, signal) => {
      running.delete(child);
      Object.assign(record, { endedAt: Date.now(), code, signal });
      if (this.isWanted)
        setTimeout(() => this.isWanted && !this.isRunning && this.start(), RESTART_MS);
    });
  }

  /** `kill -9`; another one takes its place. */
  kill(): void {
    const { record } = this;
    if (record === undefined || !this.isRunning) return;
    record.endedBy ??= 'kill';
    this.child?.kill('SIGKILL');
  }

  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** Asks it to end, and resolves when it has; another one takes its place, unless it is the last. */
  async term(isLast = false): Promise<void> {
    if (isLast) this.isWanted = false;
    const { record, child } = this;
    if (record === undefined || child === undefined || !this.isRunning) return;
    record.endedBy ??= 'term';
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const giveUp = new AbortController();
    const late = sleep(TERM_MS, 'late', { signal: giveUp.signal }).catch(() => undefined);
    if ((await Promise.race([exited, late])) === 'late') {
      record.overstayed = true;
      child.kill('SIGKILL');
      await exited;
    }
    giveUp.abort();
  }

  /** Ends it now, for good. */
  destroy(): void {
    this.isWanted = false;
    this.child?.kill('SIGKILL');
  }
}
