import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { Redis } from 'ioredis';

/** Cost of a call of a script to the server, by the name of the script. */
export type Costs = ReadonlyMap<string, number>;

export interface Watched {
  /** The longest call of each script, ms. */
  readonly costs: Costs;
  /** The scripts that were called at all. */
  readonly called: ReadonlySet<string>;
  /** The longest that a second client waited for a PING, ms. */
  readonly longestPingMs: number;
}

/** Name for slow calls of scripts that the watch does not know. */
const UNKNOWN = 'unknown script';
/** Threshold below which calls are ignored, in µs. */
const SLOW_US = 200;
const LOGGED = 20_000;

/** Watches a server while scripts run. */
export class ServerWatch {
  private readonly redis: Redis;
  /** By digest. */
  private readonly names: ReadonlyMap<string, string>;

  /** @param texts of the scripts, by name */
  constructor(
    url: string,
    private readonly texts: ReadonlyMap<string, string>,
  ) {
    this.redis = new Redis(url);
    this.names = new Map([...texts].map(([name, text]) => [digestOf(text), name]));
  }

  async watch(act: () => Promise<unknown>): Promise<Watched> {
    // SLOWLOG cuts long arguments: a script that the server does not know is called by its text, and has no name there.
    await Promise.all([...this.texts.values()].map((text) => this.redis.script('LOAD', text)));
    await this.redis.config('SET', 'slowlog-log-slower-than', SLOW_US, 'slowlog-max-len', LOGGED);
    await this.redis.slowlog('RESET');
    const [digests, stop] = recordScripts();
    const ping = this.startPinging();
    const before = await this.cpuMs();
    let longestPingMs: number;
    try {
      await act();
    } finally {
      stop();
      longestPingMs = await ping();
    }
    const spent = (await this.cpuMs()) - before;
    await this.redis.config('SET', 'slowlog-log-slower-than', -1);
    const called = new Set([...digests].map((digest) => this.names.get(digest) ?? digest));
    return { costs: await this.slowest(spent), called, longestPingMs };
  }

  close(): void {
    this.redis.disconnect();
  }

  /**
   * SLOWLOG counts the time on the clock, in which a busy machine lets something else run for many times as long as a
   * script takes. What all calls took is therefore reduced to the CPU time that the server had meanwhile, and each call by
   * the same ratio. On an idle machine that changes nothing.
   */
  private async slowest(spentMs: number): Promise<Costs> {
    const rows = (await this.redis.slowlog('GET', LOGGED)) as [number, number, number, string[]][];
    const calls = rows.filter(([, , , [command = '']]) => /^eval/i.test(command));
    const totalMs = calls.reduce((total, [, , us]) => total + us / 1_000, 0);
    const ratio = Math.min(1, spentMs / Math.max(1, totalMs));
    const costs = new Map<string, number>();
    for (const [, , us, [, what = '']] of calls) {
      const name = this.names.get(what) ?? UNKNOWN;
      costs.set(name, Math.max(costs.get(name) ?? 0, (us / 1_000) * ratio));
    }
    return costs;
  }

  private async cpuMs(): Promise<number> {
    const text = await this.redis.info('cpu');
    const seconds = [...text.matchAll(/used_cpu_(?:user|sys)_main_thread:([\d.]+)/g)];
    return seconds.reduce((total, [, each]) => total + Number(each) * 1_000, 0);
  }

  /** Returns what ends it and tells the longest answer. In a thread of its own, which the act does not hold up. */
  private startPinging(): () => Promise<number> {
    const { host, port } = this.redis.options;
    const worker = new Worker(PINGING, { eval: true, workerData: { host, port } });
    return async () => {
      const longest = once(worker, 'message');
      worker.postMessage('stop');
      const [ms] = (await longest) as [number];
      await worker.terminate();
      return ms;
    };
  }
}

/** Pings one at a time, and tells the longest that one took when it is told to stop, ms. */
const PINGING = `
const { connect } = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');
let longest = 0;
let from = performance.now();
const socket = connect(workerData);
const ping = () => {
  from = performance.now();
  socket.write('PING\\r\\n');
};
socket.on('connect', ping);
socket.on('data', () => {
  longest = Math.max(longest, performance.now() - from);
  setTimeout(ping, 2);
});
parentPort.on('message', () => parentPort.postMessage(longest));
`;

/** Notes the digests of all scripts that this process has run from now on, until it is told to stop. */
function recordScripts(): [digests: ReadonlySet<string>, stop: () => void] {
  const digests = new Set<string>();
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its client below
  const { sendCommand } = Redis.prototype;
  Redis.prototype.sendCommand = function (this: Redis, command, stream) {
    const { name, args } = command;
    if (name === 'evalsha') digests.add(String(args[0]));
    if (name === 'eval') digests.add(digestOf(String(args[0])));
    return sendCommand.call(this, command, stream);
  };
  return [digests, () => void (Redis.prototype.sendCommand = sendCommand)];
}

function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
