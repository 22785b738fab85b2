import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Group, ProcessSettings } from './setting.js';

/** Life of one process as the harness sees it. */
export interface ProcessRecord {
  readonly slot: string;
  readonly pid: number;
  readonly startedAt: number;
  endedAt?: number;
  signal?: NodeJS.Signals | null;
  code?: number | null;
  /** Way in which the harness ended the process; undefined when it ended by itself. */
  endedBy?: 'kill' | 'term';
  /** Set when the process ignored SIGTERM for too long and was killed. */
  overstayed?: true;
}

const RESTART_MS = 100;
// Well above the drain timeout: something keeps a process that takes longer.
const TERM_MS = 15_000;

const running = new Set<ChildProcess>();
// Nothing else would end the frozen ones.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A place in the fleet. When its process ends, a new one takes the place. */
export class Slot {
  readonly records: ProcessRecord[] = [];
  readonly history: string;
  /** Set while a fault acts on the process; no other fault may then. */
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
    // The process may have ended before its input is closed.
    child.stdin?.on('error', () => undefined);
    child.once('exit', (code, signal) => {
      running.delete(child);
      Object.assign(record, { endedAt: Date.now(), code, signal });
      if (this.isWanted)
        setTimeout(() => this.isWanted && !this.isRunning && this.start(), RESTART_MS);
    });
  }

  /** Sends SIGKILL; a new process takes the place. */
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

  /** Sends SIGTERM and resolves when the process has ended. A new one takes the place, unless `isLast`. */
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

  /** Kills the process for good. */
  destroy(): void {
    this.isWanted = false;
    this.child?.kill('SIGKILL');
  }
}
