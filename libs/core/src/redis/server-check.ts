import type { Redis } from 'ioredis';

import { BrokerRefusedError } from '../errors.js';
import { replyOf } from './faults.js';

/** Findings of the start-up checks. */
export interface ServerInfo {
  readonly kind: 'redis' | 'valkey';
  readonly version: string;
  /** Changes at every restart of the server; client ids are comparable only within one. */
  readonly runId: string;
  /** Warnings for the operator; none of them prevents the start. */
  readonly warnings: readonly string[];
}

const OLDEST = { redis: '7.0.0', valkey: '7.2.0' } as const;

/**
 * Refuses a server that cannot keep messages safe.
 *
 * @param options.allowEviction accept a policy that may evict streams
 * @throws {BrokerRefusedError} if the server is too old, or its policy may evict streams
 */
export async function checkServer(
  client: Redis,
  options: { readonly allowEviction: boolean },
): Promise<ServerInfo> {
  const facts = parseInfo(await client.info());
  // Valkey has a name of its own for it.
  if ((facts.get('server_mode') ?? facts.get('redis_mode')) === 'sentinel') {
    throw new BrokerRefusedError(
      'The server is a Sentinel, which keeps no messages; give ioredis options with "sentinels" and "name" as option "redis".',
      { code: 'SERVER_UNFIT' },
    );
  }
  const kind = facts.has('valkey_version') ? 'valkey' : 'redis';
  const version = facts.get(`${kind}_version`) ?? '0';
  if (isOlder(version, OLDEST[kind])) {
    throw new BrokerRefusedError(
      `The server is ${kind} ${version}; LeanMQ needs Redis 7.0 or Valkey 7.2, or newer.`,
      { code: 'SERVER_TOO_OLD' },
    );
  }
  const policy = facts.get('maxmemory_policy') ?? (await configuredPolicy(client));
  const warnings = judgePolicy(policy, options.allowEviction);
  return { kind, version, runId: facts.get('run_id') ?? '', warnings };
}

function judgePolicy(policy: string | undefined, allowEviction: boolean): string[] {
  if (policy === undefined) {
    return ['The server does not tell its maxmemory-policy; make sure that it is "noeviction".'];
  }
  if (policy.startsWith('allkeys-')) {
    if (!allowEviction) {
      throw new BrokerRefusedError(
        `The server's maxmemory-policy is "${policy}", which may evict whole streams with all their messages. Set it to "noeviction", or accept the loss with "allowEviction: true".`,
        { code: 'EVICTION_POLICY' },
      );
    }
    return [`maxmemory-policy is "${policy}": messages may be evicted (allowEviction is set).`];
  }
  if (policy.startsWith('volatile-')) {
    return [
      `maxmemory-policy is "${policy}": when memory is full, the marks that prevent duplicates may be evicted; "noeviction" is safe.`,
    ];
  }
  return [];
}

async function configuredPolicy(client: Redis): Promise<string | undefined> {
  try {
    const [, value] = await client.config('GET', 'maxmemory-policy');
    return value;
  } catch (error) {
    // Managed services often hide CONFIG.
    if (replyOf(error) !== undefined) return undefined;
    throw error;
  }
}

/** Returns the idle time after which the server closes a connection, in ms; 0 for never, or when the server hides it. */
export async function idleTimeoutMs(client: Redis): Promise<number> {
  try {
    const [, seconds] = await client.config('GET', 'timeout');
    return (Number(seconds) || 0) * 1_000;
  } catch (error) {
    // Managed services often hide CONFIG.
    if (replyOf(error) !== undefined) return 0;
    throw error;
  }
}

function parseInfo(info: string): Map<string, string> {
  const facts = new Map<string, string>();
  for (const line of info.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) facts.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return facts;
}

function isOlder(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
