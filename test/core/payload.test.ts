import { describe, expect, test } from '@jest/globals';
import type { LeanMQError, WebhookDelivery } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();
const LIMIT = 256 * 1024;

function nested(levels: number): unknown {
  let value: unknown = 'the bottom';
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { value };
  return value;
}

/** Payloads that something on the way might change, as the text that must come out again. */
const PAYLOADS: Record<string, string> = {
  null: 'null',
  'an empty text': '""',
  'exactly as large as the limit': JSON.stringify('x'.repeat(LIMIT - 2)),
  'exactly as large as the limit, of characters that take several bytes': JSON.stringify(
    '€'.repeat((LIMIT - 2) / 3 - 1) + 'xx' + 'y'.repeat((LIMIT - 2) % 3),
  ),
  'as deep as the limit': JSON.stringify(nested(64)),
  'with keys that mean something to JavaScript':
    '{"__proto__":{"admin":true},"constructor":{"prototype":1},"toString":2,"hasOwnProperty":3,"toJSON":4}',
  'with keys that mean something to LeanMQ': '{"d":1,"h":{"a":1},"i":"id","x":"5","m":"{}"}',
  'with lone surrogates': '["\\ud800","\\udfff","a\\udc00b",{"\\ud83d":1}]',
  'with NUL bytes and control characters': JSON.stringify({
    '\0': '\0\u0001\u001f\u007f',
    a: 'b\0c',
  }),
  'with line separators that JSON need not escape': JSON.stringify('\u2028\u2029\r\n'),
  'with a genuine replacement character': JSON.stringify('\ufffd'),
  'with emoji and combined characters': JSON.stringify({ '👩‍👩‍👧': 'e\u0301 é 🏳️‍🌈' }),
  'with numbers at the edge': '[0,-0.5,1e-7,1e+21,9007199254740991,5e-324,1.7976931348623157e+308]',
  'that looks like a script': JSON.stringify(["redis.call('FLUSHALL')", '${7*7}', '\\"', '{}']),
};

describe('a payload', () => {
  test.each(Object.entries(PAYLOADS))(
    'reaches the handler unchanged, also by retry, from the dead letters and by both kinds of replay: %s',
    async (_, json) => {
      const mq = broker.mq({ group: 'g', handlers: { attempts: 2 } });
      const got: WebhookDelivery[] = [];
      await mq.consume('/a', (delivery) => {
        got.push(delivery);
        if (got.length <= 2) throw new Error('twice');
      });
      await mq.publish('/a', JSON.parse(json));
      const letters = mq.deadLetters('/a');
      await eventually(async () => (await letters.count()) === 1);
      const [letter] = await letters.list();
      expect(JSON.stringify(letter?.data)).toBe(json);
      await letters.replay(letter?.id ?? '');
      await eventually(() => got.length === 3);
      await mq.replay('/a');
      await eventually(() => got.length === 4);
      expect(got.map(({ data }) => JSON.stringify(data))).toEqual([json, json, json, json]);
      // Text inside a payload stays data.
      for (const { data } of got) {
        expect((data as { admin?: unknown } | null)?.admin).toBeUndefined();
      }
      expect(got.map(({ attempt }) => attempt)).toEqual([1, 2, 1, 1]);
    },
  );

  test.each(Object.entries(PAYLOADS))(
    'survives a delay, a transaction and a custom id: %s',
    async (_, json) => {
      const got: string[] = [];
      const mq = await broker.consume('/a', ({ data }) => void got.push(JSON.stringify(data)));
      const data = JSON.parse(json) as unknown;
      await mq.publish('/a', data, { delayMs: 20 });
      await mq.transaction((tx) => {
        tx.send('/a', data);
        tx.send('/a', data, { messageId: 'one', ttlMs: 60_000 });
      });
      await eventually(() => got.length === 3);
      expect(got).toEqual([json, json, json]);
      const again = await mq.publish('/a', data, { messageId: 'one' });
      expect(again.outcome).toBe('duplicate');
    },
  );

  test.each<[string, unknown, string]>([
    ['one byte larger than the limit', 'x'.repeat(LIMIT - 1), 'MESSAGE_TOO_LARGE'],
    ['one level deeper than the limit', nested(65), 'MESSAGE_TOO_LARGE'],
    ['10,000 levels deep', nested(10_000), 'MESSAGE_TOO_LARGE'],
    ['that refers to itself', circular(), 'MESSAGE_TOO_LARGE'],
    ['that JSON would lose', { at: new Map() }, 'MESSAGE_INVALID'],
  ])('%s is refused with a typed error, and nothing is stored', async (_, data, code) => {
    const mq = broker.mq();
    const attempts = [
      () => mq.publish('/a', data),
      () => mq.publish('/a', data, { delayMs: 1_000, messageId: 'one' }),
      () =>
        mq.transaction((tx) => {
          tx.send('/a', 'fine');
          tx.send('/a', data);
        }),
    ];
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ code, retryable: false });
    }
    expect(await broker.redis.keys(`${broker.prefix}:{a}:*`)).toEqual([]);
  });

  test('1,000 levels deep is published when the limit is raised; one of 10,000 is published or refused as too large', async () => {
    const limits = { depth: 10_000, payloadBytes: 1024 * 1024 };
    const depths: number[] = [];
    const mq = broker.mq({ limits });
    await mq.consume('/deep', ({ data }) => void depths.push(depthOf(data)));
    await mq.publish('/deep', nested(1_000));
    await eventually(() => depths.length === 1);
    // How deep JSON.stringify can go depends on the stack of the process.
    const outcome = await mq.publish('/deep', nested(10_000)).then(
      () => 'published',
      (error: unknown) => (error as LeanMQError).code,
    );
    expect(['published', 'MESSAGE_TOO_LARGE']).toContain(outcome);
    if (outcome === 'published') await eventually(() => depths.length === 2);
    expect(depths).toEqual([1_000, 10_000].slice(0, depths.length));
  });

  test('10,000 levels deep that another program appended reaches the handler and holds up nothing', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 2 } });
    const depths: number[] = [];
    await mq.consume('/deep', ({ data }) => {
      depths.push(depthOf(data));
      if (depths.length <= 2) throw new Error('twice');
    });
    const json = '['.repeat(10_000) + ']'.repeat(10_000);
    await broker.redis.xadd(broker.key('deep', 'log'), '*', 'd', json);
    const letters = mq.deadLetters('/deep');
    await eventually(async () => (await letters.count()) === 1);
    expect(depthOf((await letters.list())[0]?.data)).toBe(10_000);
    await letters.replayAll();
    await mq.publish('/deep', [[]]);
    await eventually(() => depths.length === 4);
    expect(depths.toSorted((x, y) => x - y)).toEqual([2, 10_000, 10_000, 10_000]);
  });
});

function circular(): unknown[] {
  const value: unknown[] = [];
  value.push(value);
  return value;
}

function depthOf(value: unknown): number {
  let depth = 0;
  for (let inner = value; typeof inner === 'object' && inner !== null; depth += 1) {
    [inner] = Object.values(inner) as unknown[];
  }
  return depth;
}
