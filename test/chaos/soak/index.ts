import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ChaosOptions } from '../cli.js';
import type { Programs } from '../fleet.js';
import { conclude, faultsOf } from '../outcome.js';
import { planTimeline } from '../plan/timeline.js';
import { Slot } from '../processes.js';
import { untilAtRest, untilPublished } from '../rest.js';
import { adminOf, folderFor, type Admin } from '../run.js';
import type { Say } from '../say.js';
import { GROUPS } from '../setting.js';
import { makeFaults, type Storm } from '../storm.js';
import { Standalone } from '../topology/standalone.js';
import { PARTS, takeSample, trendOf, type Sample } from './memory.js';
import { describeSoak, type SoakResult } from './report.js';
import { PATH, type SoakConsumerSettings, type SoakPublisherSettings } from './setting.js';
import { count, readTally } from './tally.js';

const PUBLISHERS = 2;
const CONSUMERS = 2;
const SAMPLE_MS = 10_000;
const FAULTS_PER_MINUTE = 2;
const PATIENCE_MS = 60_000;

type SoakOptions = ChaosOptions & { readonly minutes: number };

/**
 * Runs at a fixed rate for a long time with few faults, and checks that nothing is lost and memory stays flat.
 *
 * @returns the exit code
 */
export async function soak(options: SoakOptions, programs: Programs, say: Say): Promise<number> {
  const folder = folderFor(options);
  const topology = await Standalone.start(options.appendfsync, options.outputLimit);
  const slots: Slot[] = [];
  try {
    slots.push(...makeSlots(options, programs, folder, topology.target));
    for (const slot of slots) slot.start();
    const storm: Storm = { records: [], missed: 0 };
    const admin = adminOf(topology);
    const startAt = Date.now();
    const durationMs = options.minutes * 60_000;
    const stopped = new AbortController();
    const sampling = sampleUntil(stopped.signal, admin, slots, startAt, say);
    await makeFaults(
      timelineOf(options, durationMs),
      startAt,
      surroundings(),
      storm,
      () => undefined,
    );
    await topology.heal();
    await untilPublished(slots, startAt + durationMs, say);
    stopped.abort();
    const samples = await sampling;
    const left = await admin((redis) => untilAtRest(redis, PATIENCE_MS, say, [PATH]));
    await Promise.all(slots.map((slot) => slot.term(true)));
    const result = judge(options, slots, folder, samples, storm, left);
    return conclude(result, describeSoak(result), options, folder, say);

    function surroundings(): Parameters<typeof makeFaults>[2] {
      return { slots, topology, admin, needsReplicas: false };
    }
  } finally {
    for (const slot of slots) slot.destroy();
    await topology.stop();
  }
}

function makeSlots(
  { rate, minutes }: SoakOptions,
  { soakConsumer, soakPublisher }: Programs,
  folder: string,
  redis: string,
): Slot[] {
  const tallyOf = (slot: string): string => join(folder, `${slot}.tally`);
  const consumers = GROUPS.flatMap((group) =>
    Array.from({ length: CONSUMERS }, (_, index) => {
      const name = `${group}-${index}`;
      return new Slot(name, 'consumer', group, soakConsumer, folder, (own) => {
        return { ...own, redis, group, tally: tallyOf(name) } satisfies SoakConsumerSettings;
      });
    }),
  );
  const publishers = Array.from({ length: PUBLISHERS }, (_, index) => {
    const name = `p-${index}`;
    const [perSecond, forMs] = [rate / PUBLISHERS, minutes * 60_000];
    return new Slot(name, 'publisher', undefined, soakPublisher, folder, (own) => {
      const settings = { ...own, redis, index, perSecond, forMs, tally: tallyOf(name) };
      return settings satisfies SoakPublisherSettings;
    });
  });
  return [...consumers, ...publishers];
}

/** Plans faults that end no process, so that its memory can be followed over time. */
function timelineOf({ seed, minutes, faults }: SoakOptions, durationMs: number) {
  return planTimeline({
    seed,
    topology: 'standalone',
    faults: faults ?? Math.max(2, Math.round(minutes * FAULTS_PER_MINUTE)),
    failovers: 0,
    durationMs,
    only: [
      ...(['client-kill-one', 'client-kill-all', 'script-flush', 'proxy-cut'] as const),
      ...(['proxy-cut-reply', 'redis-kill', 'redis-freeze', 'proxy-refuse'] as const),
    ],
  });
}

async function sampleUntil(
  signal: AbortSignal,
  admin: Admin,
  slots: readonly Slot[],
  startAt: number,
  say: Say,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const pidsOf = (role: Slot['role']): number[] =>
    slots.filter((slot) => slot.role === role).map(({ record }) => record?.pid ?? 0);
  while (!signal.aborted) {
    await sleep(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
    const pids = { publishers: pidsOf('publisher'), consumers: pidsOf('consumer') };
    const sample = await admin((redis) => takeSample(redis, Date.now() - startAt, pids)).catch(
      // A fault is under way; the next sample comes in ten seconds.
      () => undefined,
    );
    if (sample === undefined) continue;
    samples.push(sample);
    const [redis, publishers, consumers] = PARTS.map((part) => Math.round(sample[part] / 2 ** 20));
    const seconds = Math.round(sample.atMs / 1_000);
    say(
      `${seconds} s: Redis ${redis} MB, publishers ${publishers} MB, consumers ${consumers} MB`,
      true,
    );
  }
  return samples;
}

function judge(
  { seed, rate, minutes }: SoakOptions,
  slots: readonly Slot[],
  folder: string,
  samples: readonly Sample[],
  storm: Storm,
  left: Readonly<Record<string, number>>,
): SoakResult {
  const talliesOf = (matches: (slot: Slot) => boolean): Uint32Array[] =>
    slots.filter(matches).map(({ name }) => readTally(join(folder, `${name}.tally`)));
  const accepted = talliesOf(({ role }) => role === 'publisher');
  const counts = GROUPS.map((name) =>
    count(
      accepted,
      talliesOf(({ group }) => group === name),
    ),
  );
  const sum = (what: 'lost' | 'duplicates' | 'recovered'): number =>
    counts.reduce((total, each) => total + each[what], 0);
  const memory = Object.fromEntries(PARTS.map((part) => [part, trendOf(samples, part)]));
  const grown = PARTS.filter((part) => memory[part]?.grew);
  const restarts = slots.reduce((total, { records }) => total + records.length - 1, 0);
  const violations = {
    lost: sum('lost'),
    leftOver: Object.values(left).reduce((total, each) => total + each, 0),
    memoryGrew: grown.length,
    processFailed: restarts,
  };
  return {
    ...{ seed, minutes, rate, groups: GROUPS.length, memory, samples },
    faults: faultsOf(storm),
    messages: accepted.reduce((total, { length }) => total + length, 0),
    violations: Object.fromEntries(Object.entries(violations).filter(([, number]) => number > 0)),
    duplicates: sum('duplicates'),
    recovered: sum('recovered'),
  };
}
