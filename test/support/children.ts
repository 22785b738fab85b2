import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * A real process that runs a TypeScript file of `test/support/programs`, for tests that kill one. The process and its
 * test exchange messages.
 */
export class Child {
  private readonly heard: unknown[] = [];
  private constructor(private readonly process: ChildProcess) {
    process.on('message', (message) => this.heard.push(message));
    running.add(this);
  }

  static start(program: string, settings: unknown): Child {
    const file = fileURLToPath(new URL(`programs/${program}.ts`, import.meta.url));
    const tsconfig = fileURLToPath(new URL('../../tsconfig.json', import.meta.url));
    return new Child(
      fork(file, [JSON.stringify(settings)], {
        execArgv: ['--import', 'tsx'],
        env: { ...process.env, TSX_TSCONFIG_PATH: tsconfig },
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    );
  }

  get pid(): number {
    return this.process.pid as number;
  }

  /** Messages received from the process so far. */
  get messages(): readonly unknown[] {
    return this.heard;
  }

  get hasExited(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Resolves with the first message, past or future, for which the predicate holds. */
  async says(predicate: (message: unknown) => boolean, timeoutMs = 15_000): Promise<unknown> {
    const deadline = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const found = this.heard.find(predicate);
      if (found !== undefined) return found;
      if (this.hasExited) throw new Error('the process has exited');
      // The one that loses the race lets go of the process.
      const over = new AbortController();
      const signal = AbortSignal.any([deadline, over.signal]);
      try {
        await Promise.race([
          once(this.process, 'message', { signal }),
          once(this.process, 'exit', { signal }),
        ]);
      } finally {
        over.abort();
      }
    }
  }

  send(message: string): void {
    this.process.send(message);
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Sends a signal and resolves when the process has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    running.delete(this);
    if (this.hasExited) return;
    const exited = once(this.process, 'exit');
    this.process.kill(signal);
    await exited;
  }

  async exit(timeoutMs = 15_000): Promise<number | null> {
    if (!this.hasExited)
      await once(this.process, 'exit', { signal: AbortSignal.timeout(timeoutMs) });
    return this.process.exitCode;
  }
}

const running = new Set<Child>();

/** Kills the processes that a test has left running. */
export async function killChildren(): Promise<void> {
  await Promise.all([...running].map((child) => child.kill()));
}
