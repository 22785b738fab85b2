import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';

import { Redis } from 'ioredis';

import type { House } from '../run/measure.js';

/** Where the figures come from. */
export interface Environment {
  /** `AMD EPYC 7B13, 2 cores` */
  readonly machine: string;
  /** `Node 20.20.2`, `Redis 7.0.15` … */
  readonly versions: readonly string[];
  /** ISO, the day alone. */
  readonly date: string;
}

const PACKAGES = { ioredis: 'ioredis', bullmq: 'BullMQ', '@nestjs/core': 'Nest' } as const;

export async function describeEnvironment(root: string, house: House): Promise<Environment> {
  const installed = Object.entries(PACKAGES).map(([name, title]) => {
    const file = join(root, 'node_modules', name, 'package.json');
    return `${title} ${(JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version}`;
  });
  const model = (cpus()[0]?.model ?? 'unknown processor').replace(/\s+/g, ' ').trim();
  const cores = availableParallelism();
  return {
    machine: `${model}, ${cores} ${cores === 1 ? 'core' : 'cores'}`,
    versions: [`Node ${process.versions.node}`, await serverVersion(house), ...installed],
    date: new Date().toISOString().slice(0, 10),
  };
}

/** `Redis 7.0.15`, or `Valkey 8.0.1`, which calls itself both. */
async function serverVersion(house: House): Promise<string> {
  const server = await house.startRedis();
  const redis = new Redis(server.url);
  try {
    const info = await redis.info('server');
    const version = (name: string): string | undefined =>
      new RegExp(`^${name}_version:(\\S+)`, 'm').exec(info)?.[1];
    const valkey = version('valkey');
    return valkey === undefined ? `Redis ${version('redis') ?? ''}` : `Valkey ${valkey}`;
  } finally {
    redis.disconnect();
    await server.stop();
  }
}
