import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ContestantName } from '../contestants/index.js';
import type { Server } from './server.js';

const START_TIMEOUT_MS = 60_000;

/** Debian's `rabbitmq-server` of the PATH changes the user; this one is what it calls then. */
const RABBITMQ = '/usr/lib/rabbitmq/bin/rabbitmq-server';

interface Started {
  /** The server, and what it needs. */
  readonly children: readonly [ChildProcess, ...ChildProcess[]];
  /** Where the server writes its own id, if the child is not the server. */
  readonly pidFile?: string;
}

interface Peer {
  readonly program: string;
  readonly scheme: string;
  readonly start: (dir: string, port: number) => Promise<Started>;
}

const PEERS: Partial<Record<ContestantName, Peer>> = {
  nats: {
    program: 'nats-server',
    scheme: 'nats',
    start(dir, port) {
      const words = ['--jetstream', '--addr', '127.0.0.1', '--port', String(port), '-sd', dir];
      return Promise.resolve({ children: [spawnGroup('nats-server', words)] });
    },
  },
  rabbitmq: {
    program: RABBITMQ,
    scheme: 'amqp',
    async start(dir, port) {
      const [distribution, epmd] = [await freePort(), await freePort()];
      const pidFile = join(dir, 'pid');
      // Erlang's name server; RabbitMQ would start one that outlives it.
      const names = spawnGroup('epmd', ['-port', String(epmd), '-address', '127.0.0.1']);
      const server = spawnGroup(RABBITMQ, [], {
        ...{ PATH: process.env['PATH'], HOME: dir, LANG: 'C.UTF-8' },
        ...{ RABBITMQ_NODENAME: `bench${port}@localhost`, RABBITMQ_NODE_PORT: String(port) },
        ...{ RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1', RABBITMQ_DIST_PORT: String(distribution) },
        ...{ RABBITMQ_MNESIA_BASE: dir, RABBITMQ_LOG_BASE: dir, RABBITMQ_PID_FILE: pidFile },
        ...{ RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'plugins'), ERL_EPMD_PORT: String(epmd) },
      });
      return { children: [server, names], pidFile };
    },
  },
};

/** Returns true when the contestant runs on its own server instead of Redis. */
export function isPeer(contestant: ContestantName): boolean {
  return PEERS[contestant] !== undefined;
}

/** Returns true when the peer's server is installed on this machine. */
export function isInstalled(contestant: ContestantName): boolean {
  const program = PEERS[contestant]?.program ?? '';
  const folders = program.startsWith('/') ? [''] : (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts the server of a peer on a free port, with nothing in it, in a folder that is gone afterwards. */
export async function startPeer(contestant: ContestantName): Promise<Server> {
  const peer = PEERS[contestant];
  if (peer === undefined) throw new Error(`${contestant} has no server of its own.`);
  const dir = mkdtempSync(join(tmpdir(), 'leanmq-bench-'));
  const port = await freePort();
  const { children, pidFile } = await peer.start(dir, port);
  const [server] = children;
  const end = (): void => {
    for (const child of children) killGroup(child);
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', end);
  const stop = async (): Promise<void> => {
    process.off('exit', end);
    const exits = children.filter(isRunning).map((child) => once(child, 'exit'));
    for (const child of children) killGroup(child);
    await Promise.all(exits);
    end();
  };
  try {
    await listening(server, port);
  } catch (error) {
    await stop();
    throw error;
  }
  const pid = pidFile === undefined ? server.pid : Number(readFileSync(pidFile, 'utf8').trim());
  return { url: `${peer.scheme}://127.0.0.1:${port}`, pid: pid as number, stop };
}

/** Each in a group of its own, so that what it starts ends with it. */
function spawnGroup(program: string, words: string[], env = process.env): ChildProcess {
  return spawn(program, words, { stdio: 'ignore', detached: true, env });
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function killGroup(child: ChildProcess): void {
  if (isRunning(child)) process.kill(-(child.pid as number), 'SIGKILL');
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended at once.`);
    const socket = connect(port, '127.0.0.1');
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    await sleep(100);
  }
  throw new Error(`${child.spawnfile} did not listen within ${START_TIMEOUT_MS} ms.`);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}
