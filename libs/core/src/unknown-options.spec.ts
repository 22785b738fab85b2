import { describe, expect, test } from '@jest/globals';

import { ConfigError } from './errors.js';
import { known, nearestName } from './option-values.js';

const NAMES = ['messageId', 'dedupeMs', 'headers', 'delayMs', 'deliverAt', 'ttlMs', 'concurrency'];

describe('the nearest known name', () => {
  test.each([
    ['ttl', 'ttlMs'],
    ['TTL', 'ttlMs'],
    ['ttl_ms', 'ttlMs'],
    ['ttlSeconds', 'ttlMs'],
    ['tttlMs', 'ttlMs'],
    ['delay', 'delayMs'],
    ['delya', 'delayMs'],
    ['messageID', 'messageId'],
    ['message_id', 'messageId'],
    ['messagId', 'messageId'],
    ['deliver', 'deliverAt'],
    ['deliver-at', 'deliverAt'],
    ['dedup', 'dedupeMs'],
    ['header', 'headers'],
    ['concurency', 'concurrency'],
  ])('to %s is %s', (given, meant) => {
    expect(nearestName(given, NAMES)).toBe(meant);
  });

  test.each(['priority', 'x', '', 'ms', '__proto__', 'attempts', 'a'.repeat(10_000)])(
    'to %.20s does not exist',
    (given) => {
      expect(nearestName(given, NAMES)).toBeUndefined();
    },
  );
});

describe('an unknown option', () => {
  test.each<[options: object, said: RegExp]>([
    [{ ttl: 1 }, /^Option "ttl" is not known; a send takes messageId, .*; did you mean "ttlMs"\?$/],
    [{ ttlMs: 1, priority: 1 }, /^Option "priority" is not known; a send takes .*concurrency\.$/],
    [{ jobId: 'a' }, /concurrency; BullMQ's "jobId" is "messageId" here\.$/],
    [{ ['a\u001b[2J\n']: 1 }, /^Option "a\\u001b\[2J\\n" is not known/],
    [JSON.parse('{"__proto__":1}') as object, /^Option "__proto__" is not known/],
    [{ toString: 1 }, /^Option "toString" is not known/],
    [[], /^The options of a send are an array; give an object with messageId, /],
    [null as never, /^The options of a send are null; /],
    ['ttlMs' as never, /^The options of a send are "ttlMs"; /],
  ])('is refused by name: %j', (options, said) => {
    const foreign = { jobId: 'BullMQ\'s "jobId" is "messageId" here.' };
    const check = (): void => known('a send', options, NAMES, foreign);
    expect(check).toThrow(ConfigError);
    expect(check).toThrow(said);
  });

  test('is the only kind that is refused', () => {
    expect(() => known('a send', { ttlMs: 1, delayMs: undefined }, NAMES)).not.toThrow();
    expect(() => known('a send', {}, NAMES)).not.toThrow();
  });
});
