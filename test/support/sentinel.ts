import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findLauncher } from '../../tools/redis/find-server.mjs';
import { eventually } from './eventually.js';
import { connectTo, disconnect } from './redis.js';
import { RedisServer } from './redis-server.js';

export interface SentinelSetOptions {
  /** Number of replicas. @default 1 */
  readonly replicas?: number;
  /** Index of the replica that becomes the master. @default 0 */
  readonly heir?: number;
}

/** A real master, its replicas and a sentinel that watches them, started for the test. */
export class SentinelSet {
  private constructor(
    readonly master: RedisServer,
    readonly replicas: readonly RedisServer[],
    readonly port: number,
    private readonly process: ChildProcess,
    private readonly dir: string,
  ) {}

  static async start({
    replicas: count = 1,
    heir = 0,
  }: SentinelSetOptions = {}): Promise<SentinelSet> {
    const master = await RedisServer.start({ config: { 'repl-diskless-sync-delay': '0' } });
    const replicas = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        RedisServer.start({
          config: {
            replicaof: `127.0.0.1 ${master.port}`,
            'repl-diskless-sync-delay': '0',
            'replica-priority': index === heir ? '1' : '100',
          },
        }),
      ),
    );
    const port = await freePort();
    const dir = await mkdtemp(join(tmpdir(), 'leanmq-sentinel-'));
    const config = join(dir, 'sentinel.conf');
    await writeFile(
      config,
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${dir}`,
        `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
        // Above a second, the period of its pings: with less, a busy machine makes the new master look dead too.
        'sentinel down-after-milliseconds mymaster 1500',
        'sentinel failover-timeout mymaster 3000',
        '',
      ].join('\n'),
    );
    const launcher = await findLauncher();
    if (launcher.kind !== 'binary') throw new Error('a sentinel needs a Redis server binary');
    const process = spawn(launcher.path, [config, '--sentinel'], { stdio: 'ignore' });
    const set = new SentinelSet(master, replicas, port, process, dir);
    await eventually(() => set.isWatching(), { timeoutMs: 15_000, everyMs: 50 });
    return set;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, 'exit');
      this.process.kill('SIGKILL');
      await exited;
    }
    await Promise.all([this.master, ...this.replicas].map((server) => server.stop()));
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Checks that the replicas are in step and known to the sentinel. */
  private async isWatching(): Promise<boolean> {
    const [sentinel, master] = await Promise.all([
      connectTo(`redis://127.0.0.1:${this.port}`),
      connectTo(this.master.url),
    ]);
    try {
      const known = (await sentinel.call('SENTINEL', 'REPLICAS', 'mymaster')) as unknown[];
      const online = (await master.info('replication')).match(/state=online/g) ?? [];
      return known.length === this.replicas.length && online.length === this.replicas.length;
    } finally {
      disconnect(sentinel);
      disconnect(master);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
