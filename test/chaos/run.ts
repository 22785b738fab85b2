import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Redis } from 'ioredis';

import { connectTo, disconnect } from '../support/redis.js';
import type { ChaosOptions } from './cli.js';
import { readFinalState, surplusClients, type FinalState } from './final-state.js';
import { makeConsumers, makePublishers, makeStocker, type Programs } from './fleet.js';
import { readHistory, type Line } from './history.js';
import { planTimeline } from './plan/timeline.js';
import type { Slot } from './processes.js';
import { untilAtRest, untilPublished, untilStarted } from './rest.js';
import type { Say } from './say.js';
import { makeFaults, type Storm } from './storm.js';
import { SentinelTopology } from './topology/sentinel.js';
import { Standalone } from './topology/standalone.js';
import type { Topology } from './topology/topology.js';

/** Everything that a run leaves behind for the checker. */
export interface Evidence {
  readonly options: ChaosOptions;
  readonly folder: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly storm: Storm;
  readonly slots: readonly Slot[];
  readonly histories: ReadonlyMap<Slot, readonly Line[]>;
  readonly final: FinalState;
  /** Messages that did not come to rest in time, by place. */
  readonly stuck: Readonly<Record<string, number>>;
  /** Clients with too many connections. */
  readonly surplus: readonly string[];
  /** Lines of the server's log about clients that it cut off because their replies were too large. */
  readonly oversized: readonly string[];
}

const MESSAGES_PER_FAULT = 95;
const MS_PER_FAULT = 750;
const MS_PER_FAILOVER = 25_000;
const PATIENCE_MS = 60_000;
// An unsafe run may wait for messages that it has lost.
const PATIENCE_UNSAFE_MS = 10_000;

/** Runs the plan through its faults and lets everything come to rest. */
export async function run(options: ChaosOptions, programs: Programs, say: Say): Promise<Evidence> {
  const folder = folderFor(options);
  const faults = options.faults ?? Math.max(10, Math.ceil(options.messages / MESSAGES_PER_FAULT));
  const durationMs = Math.max(8_000, faults * MS_PER_FAULT, options.failovers * MS_PER_FAILOVER);
  const topology = await start(options);
  const slots: Slot[] = [];
  try {
    const plan = { options, programs, folder, redis: topology.target, durationMs };
    if (options.backlog > 0) {
      const stocker = makeStocker(plan);
      slots.push(stocker);
      await untilStocked(stocker, say);
    }
    const consumers = makeConsumers(plan);
    slots.push(...consumers);
    const tookMs = await untilStarted(consumers);
    // On a busy machine the publishers, too, take long to start; faults before that would hit nothing.
    const startAt = Date.now() + Math.max(1_500, tookMs);
    const publishers = makePublishers(plan, startAt);
    slots.push(...publishers);
    await untilStarted(publishers);
    const { seed, failovers, only } = options;
    const timeline = planTimeline({
      ...{ seed, topology: options.topology, faults, failovers, durationMs, only },
    });
    const storm: Storm = { records: [], missed: 0 };
    const admin = adminOf(topology);
    await makeFaults(
      timeline,
      startAt,
      { slots, topology, admin, needsReplicas: options.durability !== 'memory' },
      storm,
      () => say(`${storm.records.length} of ${faults} faults`, true),
    );
    await topology.heal();
    say('all faults made; waiting for everything to come to rest', true);
    await untilPublished(publishers, startAt + durationMs, say);
    await Promise.all(publishers.map((slot) => slot.term(true)));
    const patienceMs = options.unsafe === undefined ? PATIENCE_MS : PATIENCE_UNSAFE_MS;
    const stuck = await admin((client) => untilAtRest(client, patienceMs, say));
    const surplus = await admin((client) => surplusClients(client, options.consumers));
    await Promise.all(slots.map((slot) => slot.term(true)));
    const endedAt = Date.now();
    const oversized = topology.oversizedReplies();
    const final = await admin(readFinalState);
    const processes = slots.flatMap(({ records }) => records);
    const seen = { options, startedAt: startAt, endedAt, storm, stuck, surplus, oversized, final };
    writeFileSync(join(folder, 'harness.json'), JSON.stringify({ ...seen, processes }));
    return {
      ...{ ...seen, folder, slots },
      histories: new Map(slots.map((slot) => [slot, readHistory(slot.history)])),
    };
  } finally {
    for (const slot of slots) slot.destroy();
    await topology.stop();
  }
}

function start(options: ChaosOptions): Promise<Standalone | SentinelTopology> {
  const { topology, appendfsync, outputLimit } = options;
  return topology === 'standalone'
    ? Standalone.start(appendfsync, outputLimit)
    : SentinelTopology.start();
}

/** Publishes the whole backlog, and resolves when its process has ended. */
async function untilStocked(stocker: Slot, say: Say): Promise<void> {
  stocker.start();
  await untilPublished([stocker], Date.now(), say);
  await stocker.term(true);
}

/** Creates a folder for the histories of one run. */
export function folderFor({ keep, seed, unsafe }: ChaosOptions): string {
  if (keep !== undefined) mkdirSync(keep, { recursive: true });
  const name = `leanmq-chaos-${unsafe === undefined ? '' : `${unsafe}-`}${seed}-`;
  return mkdtempSync(join(keep ?? tmpdir(), name));
}

export type Admin = <T>(act: (redis: Redis) => Promise<T>) => Promise<T>;

/** Returns a function that runs an action over its own connection to the master. */
export function adminOf(topology: Topology): Admin {
  return async (act) => {
    const redis = await connectTo(await topology.adminUrl());
    try {
      return await act(redis);
    } finally {
      disconnect(redis);
    }
  };
}
