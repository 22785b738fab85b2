import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { RedisOptions } from 'ioredis';

import { findLauncher } from '../../../tools/redis/find-server.mjs';
import { eventually } from '../../support/eventually.js';
import { connectTo, disconnect } from '../../support/redis.js';
import { RedisServer } from '../../support/redis-server.js';
import type { Topology } from './topology.js';

const NAME = 'mymaster';
const REPLICAS = 2;
const SENTINELS = 3;
const QUORUM = 2;
const PATIENCE = { timeoutMs: 30_000, everyMs: 50 };

/** A master, two replicas, and three sentinels of which two must agree. */
export class SentinelTopology implements Topology {
  private readonly frozen = new Set<RedisServer>();

  private constructor(
    readonly servers: readonly RedisServer[],
    private readonly sentinels: readonly Sentinel[],
  ) {}

  static async start(): Promise<SentinelTopology> {
    const config = { 'repl-diskless-sync-delay': '0' };
    const master = await RedisServer.start({ appendonly: 'everysec', config });
    const replicas = await Promise.all(
      Array.from({ length: REPLICAS }, () =>
        RedisServer.start({
          appendonly: 'everysec',
          config: { ...config, replicaof: `127.0.0.1 ${master.port}` },
        }),
      ),
    );
    const sentinels = await Promise.all(
      Array.from({ length: SENTINELS }, () => Sentinel.start(master.port)),
    );
    const topology = new SentinelTopology([master, ...replicas], sentinels);
    await topology.untilWhole();
    return topology;
  }

  get target(): RedisOptions {
    const sentinels = this.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
    return { sentinels, name: NAME };
  }

  async adminUrl(): Promise<string> {
    return eventually(async () => (await this.master()).url, PATIENCE);
  }

  /** Returns the server that both the sentinels and its own ROLE call the master. */
  async master(): Promise<RedisServer> {
    const [first] = this.sentinels;
    const [, port] = await ask(
      (first as Sentinel).url,
      'SENTINEL',
      'GET-MASTER-ADDR-BY-NAME',
      NAME,
    );
    const server = this.servers.find((each) => String(each.port) === port);
    if (server === undefined || this.frozen.has(server)) throw new Error('there is no master');
    const [role] = await ask(server.url, 'ROLE');
    if (role !== 'master') throw new Error('it does not know yet that it is the master');
    return server;
  }

  freeze(server: RedisServer): void {
    server.freeze();
    this.frozen.add(server);
  }

  thaw(server: RedisServer): void {
    server.thaw();
    this.frozen.delete(server);
  }

  /** Resolves when both replicas are in step with the master and every sentinel knows it. */
  async untilWhole(): Promise<void> {
    await eventually(async () => {
      const master = await this.master();
      const info = await text(master.url, 'INFO', 'replication');
      const online = info.match(/state=online/g) ?? [];
      if (online.length !== REPLICAS) throw new Error(`${online.length} replicas are online`);
      for (const { url } of this.sentinels) {
        const [state] = (await ask(url, 'SENTINEL', 'CKQUORUM', NAME)) as string[];
        const known = await text(url, 'INFO', 'sentinel');
        const wanted = `address=127.0.0.1:${master.port},slaves=${REPLICAS},sentinels=${SENTINELS}`;
        if (!known.includes(`status=ok,${wanted}`)) throw new Error(`${known} ${state ?? ''}`);
      }
    }, PATIENCE);
  }

  /** Resolves when every sentinel would choose this replica, by its priority. */
  async untilPreferred(server: RedisServer): Promise<void> {
    await eventually(async () => {
      for (const { url } of this.sentinels) {
        const replicas = (await ask(url, 'SENTINEL', 'REPLICAS', NAME)) as string[][];
        const best = replicas.toSorted((a, b) => priorityOf(a) - priorityOf(b));
        const [first, second] = best as [string[], string[]];
        if (valueOf(first, 'port') !== String(server.port)) return false;
        if (priorityOf(first) === priorityOf(second)) return false;
      }
      return true;
    }, PATIENCE);
  }

  async heal(): Promise<void> {
    for (const server of this.frozen) this.thaw(server);
    await this.untilWhole();
  }

  /** Returns nothing: these servers have no limit. */
  oversizedReplies(): string[] {
    return [];
  }

  async stop(): Promise<void> {
    await Promise.all(this.sentinels.map((sentinel) => sentinel.stop()));
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

class Sentinel {
  private constructor(
    readonly port: number,
    private readonly process: ChildProcess,
    private readonly dir: string,
  ) {
    process.once('exit', () => undefined);
  }

  static async start(masterPort: number): Promise<Sentinel> {
    const port = await freePort();
    const dir = await mkdtemp(join(tmpdir(), 'leanmq-sentinel-'));
    const config = join(dir, 'sentinel.conf');
    const lines = [
      ...[`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`],
      `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} ${QUORUM}`,
      `sentinel down-after-milliseconds ${NAME} 1500`,
      `sentinel failover-timeout ${NAME} 4000`,
      `sentinel parallel-syncs ${NAME} 2`,
    ];
    await writeFile(config, `${lines.join('\n')}\n`);
    const launcher = await findLauncher();
    if (launcher.kind !== 'binary') throw new Error('a sentinel needs a binary of the server');
    const process = spawn(launcher.path, [config, '--sentinel'], { stdio: 'ignore' });
    running.add(process);
    const sentinel = new Sentinel(port, process, dir);
    await eventually(() => ask(sentinel.url, 'PING'), PATIENCE);
    return sentinel;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    running.delete(this.process);
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, 'exit');
      this.process.kill('SIGKILL');
      await exited;
    }
    await rm(this.dir, { recursive: true, force: true });
  }
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const sentinel of running) sentinel.kill('SIGKILL');
});

async function ask(url: string, ...command: [string, ...string[]]): Promise<unknown[]> {
  const redis = await connectTo(url);
  try {
    return [await redis.call(...command)].flat();
  } finally {
    disconnect(redis);
  }
}

function priorityOf(replica: readonly string[]): number {
  return Number(valueOf(replica, 'slave-priority'));
}

/** Finds a value in a reply of alternating names and values. */
function valueOf(fields: readonly string[], name: string): string | undefined {
  return fields[fields.indexOf(name) + 1];
}

async function text(url: string, ...command: [string, ...string[]]): Promise<string> {
  return (await ask(url, ...command)).join('\n');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
