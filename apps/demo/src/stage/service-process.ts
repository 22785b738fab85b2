import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

import type { AccountLine } from '../../../shared/demo/account.js';
import type { EngineLine } from '../../../shared/demo/engine-record.js';
import type { FaultSpec } from '../../../shared/demo/faults.js';
import type { Records, Service } from '../check/evidence.js';
import { LinesFile } from './lines-file.js';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 8_000;

/** One of the three services: its process, its records, its switch for faults. */
export class ServiceProcess {
  readonly logFile: string;
  private readonly account: LinesFile<AccountLine>;
  private readonly engine: LinesFile<EngineLine>;
  private child: ChildProcess | undefined;
  private port = 0;

  /**
   * @param root the repository, where the service is built
   * @param folder where its log and its records go
   */
  constructor(
    readonly name: Service,
    private readonly root: string,
    folder: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    this.logFile = join(folder, `${name}.log`);
    this.account = new LinesFile(join(folder, `${name}.account.jsonl`));
    this.engine = new LinesFile(join(folder, `${name}.engine.jsonl`));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  /** Returns the current contents of the service's files, which outlive its processes. */
  get records(): Records {
    return { account: this.account.read(), engine: this.engine.read() };
  }

  /** Resolves when it takes requests. A restarted service has its old port. */
  async start(): Promise<void> {
    const entry = join(this.root, `apps/${this.name}/dist/apps/${this.name}/src/main.js`);
    const log = openSync(this.logFile, 'a');
    const child = spawn(process.execPath, [entry], {
      // The channel tells us the port, and tells the service when we are gone.
      stdio: ['ignore', log, log, 'ipc'],
      // A group of its own: Ctrl-C is for us, and we stop the services in good order.
      detached: true,
      env: {
        ...process.env,
        ...this.env,
        PORT: String(this.port),
        NO_COLOR: '1',
        LEANMQ_DEMO_ACCOUNT: this.account.path,
        LEANMQ_DEMO_ENGINE: this.engine.path,
      },
    });
    closeSync(log);
    this.child = child;
    this.port = await this.listening(child);
  }

  /** The process ends at once, whatever it is doing. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Lets it finish what it has begun. */
  async stop(): Promise<void> {
    const late = setTimeout(() => this.child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.end('SIGTERM').finally(() => clearTimeout(late));
  }

  async breakIt(fault: FaultSpec): Promise<void> {
    await this.switchFault({
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fault),
    });
  }

  async repair(): Promise<void> {
    await this.switchFault({ method: 'DELETE' });
  }

  private async switchFault(request: RequestInit): Promise<void> {
    const { ok, status } = await fetch(`${this.url}/faults`, request);
    if (!ok) throw new Error(`${this.name} answered ${status} to a change of its faults`);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child === undefined || !this.isAlive) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  private async listening(child: ChildProcess): Promise<number> {
    const late = AbortSignal.timeout(START_TIMEOUT_MS);
    const [message] = (await Promise.race([
      once(child, 'message', { signal: late }),
      once(child, 'exit', { signal: late }).then(([code]) => {
        throw new Error(`${this.name} ended (${String(code)}) before it listened`);
      }),
    ])) as [{ listensOn: number }];
    return message.listensOn;
  }
}
