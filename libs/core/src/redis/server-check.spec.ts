import { describe, expect, it, test } from '@jest/globals';
import { ReplyError, type Redis } from 'ioredis';

import { BrokerRefusedError } from '../errors.js';
import { checkServer, type ServerInfo } from './server-check.js';

type Facts = Readonly<Record<string, string>>;

const REDIS: Facts = { redis_version: '7.4.1', run_id: 'abc', maxmemory_policy: 'noeviction' };
const VALKEY: Facts = {
  redis_version: '7.2.4',
  server_name: 'valkey',
  valkey_version: '8.0.1',
  run_id: 'def',
  maxmemory_policy: 'noeviction',
};

/** Makes a reply of INFO: sections, comments and lines that end in CR LF. */
function infoOf(facts: Facts): string {
  const lines = Object.entries(facts).map(([name, value]) => `${name}:${value}`);
  return ['# Server', ...lines, '', '# Keyspace', 'db0:keys=1,expires=0', ''].join('\r\n');
}

function without(facts: Facts, name: string): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([each]) => each !== name));
}

/** A server that answers with these texts; CONFIG is what the check asks only where INFO does not tell. */
async function check(
  facts: Facts,
  { allowEviction = false, config = async (): Promise<unknown> => [] } = {},
): Promise<ServerInfo> {
  const server: unknown = { info: async () => infoOf(facts), config };
  return checkServer(server as Redis, { allowEviction });
}

async function refusal(result: Promise<unknown>): Promise<BrokerRefusedError> {
  const error: unknown = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(BrokerRefusedError);
  return error as BrokerRefusedError;
}

describe('the version of the server', () => {
  test.each<[string, Facts, kind: string, version: string]>([
    ['Redis 7.0', { ...REDIS, redis_version: '7.0.0' }, 'redis', '7.0.0'],
    ['Redis 7.4', REDIS, 'redis', '7.4.1'],
    ['Redis 8', { ...REDIS, redis_version: '8.0.0' }, 'redis', '8.0.0'],
    ['Redis 10', { ...REDIS, redis_version: '10.1.0' }, 'redis', '10.1.0'],
    ['an unstable build', { ...REDIS, redis_version: '255.255.255' }, 'redis', '255.255.255'],
    ['a release candidate', { ...REDIS, redis_version: '7.0-rc1' }, 'redis', '7.0-rc1'],
    ['Valkey 7.2', { ...VALKEY, valkey_version: '7.2.5' }, 'valkey', '7.2.5'],
    ['Valkey 8, which calls itself Redis 7.2.4 too', VALKEY, 'valkey', '8.0.1'],
  ])('%s is accepted', async (_, facts, kind, version) => {
    expect(await check(facts)).toEqual({ kind, version, runId: facts['run_id'], warnings: [] });
  });

  test.each<[string, Facts, shown: string]>([
    ['Redis 6.2', { ...REDIS, redis_version: '6.2.14' }, 'redis 6.2.14'],
    ['Redis 6.9', { ...REDIS, redis_version: '6.9.9' }, 'redis 6.9.9'],
    ['Redis 5', { ...REDIS, redis_version: '5.0.0' }, 'redis 5.0.0'],
    ['Valkey 7.1', { ...VALKEY, valkey_version: '7.1.9' }, 'valkey 7.1.9'],
    ['a server without a version', without(REDIS, 'redis_version'), 'redis 0'],
  ])('%s is refused', async (_, facts, shown) => {
    const error = await refusal(check(facts));
    expect(error).toMatchObject({ code: 'SERVER_TOO_OLD', retryable: false });
    expect(error.message).toContain(`The server is ${shown};`);
    expect(error.message).toContain('Redis 7.0 or Valkey 7.2');
  });

  it('that is too old is reported before the policy', async () => {
    const facts = { ...REDIS, redis_version: '6.2.0', maxmemory_policy: 'allkeys-lru' };
    expect(await refusal(check(facts))).toMatchObject({ code: 'SERVER_TOO_OLD' });
  });
});

describe('the policy of the server', () => {
  const ALL_KEYS = ['allkeys-lru', 'allkeys-lfu', 'allkeys-random'];

  test.each(ALL_KEYS)('%s is refused, and the error names both remedies', async (policy) => {
    const error = await refusal(check({ ...REDIS, maxmemory_policy: policy }));
    expect(error).toMatchObject({ code: 'EVICTION_POLICY', retryable: false });
    expect(error.message).toContain(`"${policy}"`);
    expect(error.message).toContain('"noeviction"');
    expect(error.message).toContain('"allowEviction: true"');
  });

  test.each([
    ...ALL_KEYS.map((policy) => [policy, true, 'messages may be evicted'] as const),
    ['volatile-lru', false, 'marks that prevent duplicates'] as const,
    ['volatile-ttl', false, 'marks that prevent duplicates'] as const,
    ['volatile-ttl', true, 'marks that prevent duplicates'] as const,
  ])('%s is warned of with allowEviction: %s', async (policy, allowEviction, hint) => {
    const { warnings } = await check({ ...REDIS, maxmemory_policy: policy }, { allowEviction });
    expect(warnings).toEqual([expect.stringContaining(`"${policy}"`)]);
    expect(warnings[0]).toContain(hint);
  });

  it('noeviction is accepted', async () => {
    expect(await check(VALKEY)).toMatchObject({ warnings: [] });
  });
});

describe('a policy that INFO does not report', () => {
  const SILENT = without(REDIS, 'maxmemory_policy');

  it('is read with CONFIG', async () => {
    const asked: unknown[] = [];
    const config = async (...args: unknown[]): Promise<string[]> => {
      asked.push(args);
      return ['maxmemory-policy', 'allkeys-lru'];
    };
    expect(await refusal(check(SILENT, { config }))).toMatchObject({ code: 'EVICTION_POLICY' });
    expect(asked).toEqual([['GET', 'maxmemory-policy']]);
  });

  const refusing = (text: string) => async (): Promise<never> => {
    throw new (ReplyError as new (text: string) => Error)(text);
  };
  test.each([
    ['there is no CONFIG', refusing("ERR unknown command 'CONFIG'")],
    ['CONFIG is not allowed', refusing("NOPERM this user has no permissions to run 'config|get'")],
    ['CONFIG says nothing', async (): Promise<unknown> => []],
  ])('is hinted at when %s', async (_, config) => {
    const { warnings } = await check(SILENT, { config });
    expect(warnings).toEqual([expect.stringContaining('make sure that it is "noeviction"')]);
  });

  it('is not ignored when the connection breaks', async () => {
    const broken = new Error('Connection is closed.');
    const config = async (): Promise<never> => {
      throw broken;
    };
    await expect(check(SILENT, { config })).rejects.toBe(broken);
  });
});
