import { nowMs } from './clock.js';
import { commandsWritten } from './commands.js';
import type { Profiler } from './profiler.js';
import type { ServerStats, ServerWatch } from './server.js';

/** Cost of a stretch of work. */
export interface Cost {
  readonly elapsedMs: number;
  /** User and system time of this process, s. */
  readonly clientCpuS: number;
  /** User and system time of the server, s. */
  readonly redisCpuS: number;
  /** Commands that this process wrote. */
  readonly commands: number;
}

interface Start {
  readonly server: Promise<ServerStats>;
  readonly atMs: number;
  readonly cpu: NodeJS.CpuUsage;
  readonly commands: number;
}

/**
 * Measures from `start` to `end`. Both take their readings of this process at once; the server's are asked for at that
 * moment, and answered after what the server was already doing.
 */
export class Meter {
  private started: Start | undefined;

  constructor(
    private readonly watch: ServerWatch,
    private readonly profiler?: Profiler,
  ) {}

  start(): void {
    // Asked first, so that asking is not counted.
    const server = this.watch.stats();
    server.catch(() => undefined);
    this.profiler?.start();
    this.started = {
      server,
      atMs: nowMs(),
      cpu: process.cpuUsage(),
      commands: commandsWritten(),
    };
  }

  async end(): Promise<Cost> {
    const atMs = nowMs();
    const { started } = this;
    if (started === undefined) throw new Error('The meter was not started.');
    const { user, system } = process.cpuUsage(started.cpu);
    const commands = commandsWritten() - started.commands;
    this.profiler?.stop();
    const [before, after] = await Promise.all([started.server, this.watch.stats()]);
    return {
      elapsedMs: atMs - started.atMs,
      clientCpuS: (user + system) / 1e6,
      redisCpuS: after.cpuS - before.cpuS,
      commands,
    };
  }
}

/** Adds up the costs of several stretches. */
export function sum(costs: readonly Cost[]): Cost {
  const add = (name: keyof Cost): number => costs.reduce((total, cost) => total + cost[name], 0);
  return {
    elapsedMs: add('elapsedMs'),
    clientCpuS: add('clientCpuS'),
    redisCpuS: add('redisCpuS'),
    commands: add('commands'),
  };
}
