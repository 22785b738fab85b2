/**
 * A real Redis of our own, for tests and the demo: on a free port of 127.0.0.1, with its data in a
 * folder of its own, gone when we are. It can be killed, restarted and frozen like the real thing.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findLauncher } from './find-server.mjs';
import { launch, logFile } from './launch.mjs';
import { identify } from './resp.mjs';

const READY_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;

export class RedisServer {
  /** @type {import('./launch.mjs').Launched | undefined} */
  #launched;
  #pid = 0;
  #frozen = false;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #guardian;

  /**
   * @param {import('./find-server.mjs').Launcher} launcher
   * @param {{ port: number, dir: string, ownsDir: boolean, config: Record<string, string>, env: Record<string, string> }} settings
   */
  constructor(launcher, settings) {
    this.launcher = launcher;
    this.settings = settings;
  }

  /** @param {import('./server.d.mts').RedisServerOptions} [options] */
  static async start({ port, dir, appendonly = 'no', config = {}, env = {}, say } = {}) {
    const launcher = await findLauncher(say ? { say } : {});
    const ownsDir = dir === undefined;
    const settings = {
      dir: dir ?? mkdtempSync(join(tmpdir(), 'leanmq-redis-')),
      ownsDir,
      config: { save: '', ...persistence(appendonly), ...config },
      env,
    };
    // Between finding a free port and taking it, somebody else may.
    for (let attemptsLeft = port === undefined ? 3 : 1; ; attemptsLeft -= 1) {
      const server = new RedisServer(launcher, { ...settings, port: port ?? (await freePort()) });
      try {
        await server.#launch();
        return server;
      } catch (error) {
        const last = attemptsLeft === 1;
        await server.#end({ removeDir: ownsDir && last });
        if (last) throw error;
      }
    }
  }

  get port() {
    return this.settings.port;
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  get dir() {
    return this.settings.dir;
  }

  get pid() {
    return this.#pid;
  }

  /** @param {NodeJS.Signals} [signal] */
  async kill(signal = 'SIGKILL') {
    const launched = this.#launched;
    if (!launched || launched.hasExited()) return;
    launched.signal(signal);
    if (this.#frozen && signal !== 'SIGKILL') this.thaw();
    await launched.exited();
    this.#launched = undefined;
    this.#frozen = false;
    this.#tellGuardian();
  }

  async restart() {
    await this.#shutDown();
    await this.#launch();
  }

  async stop() {
    await this.#end({ removeDir: this.settings.ownsDir });
  }

  freeze() {
    this.#launched?.signal('SIGSTOP');
    this.#frozen = true;
  }

  thaw() {
    this.#launched?.signal('SIGCONT');
    this.#frozen = false;
  }

  async #launch() {
    const launched = launch(this.launcher, this.settings);
    this.#launched = launched;
    this.#guardian ??= startGuardian();
    this.#tellGuardian();
    this.#pid = await this.#ready(launched);
  }

  /**
   * Waits until the server that we started, and no other, answers on the port.
   *
   * @param {import('./launch.mjs').Launched} launched
   * @returns {Promise<number>} its process id
   */
  async #ready(launched) {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    /** @type {unknown} */
    let cause;
    while (performance.now() < deadline) {
      if (launched.hasExited()) throw this.#failure('exited at once', cause);
      try {
        const server = await identify(this.url);
        if (launched.isThisOne(server)) return server.pid;
        throw this.#failure(`did not get port ${this.port}: process ${server.pid} has it`, cause);
      } catch (error) {
        if (error instanceof StartError) throw error;
        cause = error;
        await sleep(10);
      }
    }
    throw this.#failure(`was not ready in ${READY_TIMEOUT_MS} ms`, cause);
  }

  /**
   * @param {string} what
   * @param {unknown} cause
   */
  #failure(what, cause) {
    const log = readFileSync(logFile(this.dir), 'utf8').trim().split('\n').slice(-10).join('\n');
    return new StartError(`Redis ${what}. The end of its log:\n${log}`, { cause });
  }

  async #shutDown() {
    // A frozen server does not hear a polite request.
    const signal = this.#frozen || this.settings.ownsDir ? 'SIGKILL' : 'SIGTERM';
    const giveUp = new AbortController();
    const late = sleep(STOP_TIMEOUT_MS, undefined, { signal: giveUp.signal }).then(
      () => this.kill('SIGKILL'),
      () => undefined,
    );
    await this.kill(signal);
    giveUp.abort();
    await late;
  }

  /** @param {{ removeDir: boolean }} options */
  async #end({ removeDir }) {
    await this.#shutDown();
    if (removeDir) rmSync(this.dir, { recursive: true, force: true });
    // Nothing is left for it to do; the folder may be about to serve the next attempt.
    this.#guardian?.stdin?.end(`${JSON.stringify({ commands: [], folders: [] })}\n`);
    this.#guardian = undefined;
  }

  /** Keeps the guardian's list to what exists, so that it never kills a process id used again. */
  #tellGuardian() {
    const commands = this.#launched ? [this.#launched.killCommand] : [];
    const folders = this.settings.ownsDir ? [this.dir] : [];
    this.#guardian?.stdin?.write(`${JSON.stringify({ commands, folders })}\n`);
  }
}

class StartError extends Error {}

/** @param {'no' | 'everysec' | 'always'} appendonly */
function persistence(appendonly) {
  return appendonly === 'no'
    ? { appendonly: 'no' }
    : { appendonly: 'yes', appendfsync: appendonly };
}

function startGuardian() {
  const script = fileURLToPath(new URL('guardian.mjs', import.meta.url));
  const guardian = spawn(process.execPath, [script], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guardian.unref();
  const input = /** @type {import('node:net').Socket} */ (guardian.stdin);
  input.unref();
  // It may be gone when we are: then there is nobody left to tell.
  input.on('error', () => {});
  return guardian;
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}
