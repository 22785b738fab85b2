import { readFile, readdir } from 'node:fs/promises';

import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { nextEvent } from '../support/eventually.js';

const broker = useBroker();

const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8');

describe('the parity page', () => {
  test('names only tests that exist', async () => {
    const sources = new Map<string, string>();
    for (const folder of ['.', '../faults', '../nestjs']) {
      for (const file of await readdir(new URL(folder, import.meta.url))) {
        const name = /^(.*)\.test\.ts$/.exec(file)?.[1];
        if (name === undefined) continue;
        sources.set(name, (sources.get(name) ?? '') + (await read(`${folder}/${file}`)));
      }
    }
    const rows = [
      ...(await read('../../docs/parity.md')).matchAll(/^\|.*\| `([a-z-]+)`: (.+?) *\|$/gm),
    ];
    expect(rows.length).toBeGreaterThan(50);
    const missing = rows
      .map(([, file = '', name = '']) => [file, name] as const)
      .filter(([file, name]) => sources.get(file)?.includes(name) !== true);
    expect(missing).toEqual([]);
  });

  test('names a test in each row', async () => {
    const rows = (await read('../../docs/parity.md'))
      .split('\n')
      .filter((line) => /^\|(?! *(there|asked for|-))/.test(line));
    expect(rows.filter((row) => !/\| `[a-z-]+`: .+\|$/.test(row))).toEqual([]);
  });
});

test('an event name such as user.created is a path', async () => {
  const got: unknown[] = [];
  const mq = await broker.consume('user.created', ({ path, data }) => void got.push([path, data]));
  const acked = nextEvent(mq.events, 'acked');
  await mq.publish('user.created', { id: 1 });
  await acked;
  expect(got).toEqual([['user.created', { id: 1 }]]);
});

test('messages published in one call each get their own result', async () => {
  const mq = broker.mq();
  const items = Array.from({ length: 300 }, (_, n) => ({ data: n === 7 ? 7n : n }));
  const results = await mq.publishMany('/many', items);
  expect(results).toHaveLength(300);
  expect(results[7]).toMatchObject({ outcome: 'failed', error: { code: 'MESSAGE_INVALID' } });
  expect(results.filter(({ outcome }) => outcome === 'published')).toHaveLength(299);
  expect(await broker.redis.xlen(broker.key('many', 'log'))).toBe(299);
});
