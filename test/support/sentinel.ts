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

/** A master, a replica and a sentinel that watches them, all real and all ours. */
export class SentinelSet {
  private constructor(
    readonly master: RedisServer,
    readonly replica: RedisServer,
    readonly port: number,
    private readonly process: ChildProcess,
    private readonly dir: string,
  ) {}

  static async start(): Promise<SentinelSet> {
    const master = await RedisServer.start();
    const replica = await RedisServer.start({
      config: { replicaof: `127.0.0.1 ${master.port}`, 'repl-diskless-sync-delay': '0' },
    });
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
        'sentinel down-after-milliseconds mymaster 500',
        'sentinel failover-timeout mymaster 3000',
        '',
      ].join('\n'),
    );
    const launcher = await findLauncher();
    if (launcher.kind !== 'binary') throw new Error('a sentinel needs a binary of the server');
    const process = spawn(launcher.path, [config, '--sentinel'], { stdio: 'ignore' });
    const set = new SentinelSet(master, replica, port, process, dir);
    await eventually(() => set.isWatching(), { timeoutMs: 15_000, everyMs: 50 });
    return set;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, 'exit');
      this.process.kill('SIGKILL');
      await exited;
    }
    await Promise.all([this.master.stop(), this.replica.stop()]);
    await rm(this.dir, { recursive: true, force: true });
  }

  /** The replica is in step, and the sentinel knows of it. */
  private async isWatching(): Promise<boolean> {
    const [sentinel, replica] = await Promise.all([
      connectTo(`redis://127.0.0.1:${this.port}`),
      connectTo(this.replica.url),
    ]);
    try {
      const known = (await sentinel.call('SENTINEL', 'REPLICAS', 'mymaster')) as unknown[];
      const info = await replica.info('replication');
      return known.length > 0 && info.includes('master_link_status:up');
    } finally {
      disconnect(sentinel);
      disconnect(replica);
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
