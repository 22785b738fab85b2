import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { Redis } from 'ioredis';

/** Memory in use at one moment, in bytes; the mean of several processes. */
export interface Sample {
  readonly atMs: number;
  readonly redis: number;
  readonly publishers: number;
  readonly consumers: number;
}

export const PARTS = ['redis', 'publishers', 'consumers'] as const;

/** Medians of the first and the last third of the samples, in bytes. */
export interface Trend {
  readonly first: number;
  readonly last: number;
  readonly grew: boolean;
}

// Excludes the warm-up, in which code is compiled and the heap finds its size.
const WARM_UP_MS = 60_000;
// A garbage collector alone causes smaller differences.
const NOISE_BYTES = 16 * 1024 * 1024;
const NOISE_SHARE = 0.2;

/** Decides whether memory grows. Pure. */
export function trendOf(samples: readonly Sample[], part: (typeof PARTS)[number]): Trend {
  const last = samples.at(-1)?.atMs ?? 0;
  const warm = last > 3 * WARM_UP_MS ? samples.filter(({ atMs }) => atMs >= WARM_UP_MS) : samples;
  const third = Math.max(1, Math.floor(warm.length / 3));
  const values = warm.map((sample) => sample[part]);
  const trend = { first: median(values.slice(0, third)), last: median(values.slice(-third)) };
  const most = trend.first + Math.max(NOISE_BYTES, trend.first * NOISE_SHARE);
  return { ...trend, grew: trend.last > most };
}

export async function takeSample(
  redis: Redis,
  atMs: number,
  pids: { readonly publishers: readonly number[]; readonly consumers: readonly number[] },
): Promise<Sample> {
  const memory = await redis.info('memory');
  return {
    atMs,
    redis: Number(/^used_memory:(\d+)/m.exec(memory)?.[1] ?? Number.NaN),
    publishers: await residentBytes(pids.publishers),
    consumers: await residentBytes(pids.consumers),
  };
}

async function residentBytes(pids: readonly number[]): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', pids.join(',')]);
  const all = stdout.trim().split(/\s+/).map(Number);
  return Math.round((all.reduce((sum, kilobytes) => sum + kilobytes, 0) / all.length) * 1024);
}

function median(values: readonly number[]): number {
  const ordered = values.toSorted((a, b) => a - b);
  return ordered[Math.floor(ordered.length / 2)] ?? Number.NaN;
}
