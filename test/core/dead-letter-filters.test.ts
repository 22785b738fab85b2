import { describe, expect, test } from '@jest/globals';
import type { DeadLetterFilter } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { deadJobs, failing, type Job } from '../support/dead-jobs.js';

const broker = useBroker();

describe('dead letters', () => {
  test('can be filtered by reason, error, time and text, and paged', async () => {
    const { mq } = await deadJobs(broker, [
      { n: 1, fails: 'reject' },
      { n: 2, fails: 'type' },
      { n: 3, fails: 'range' },
      { n: 4, fails: 'invalid' },
      { n: 5, fails: 'reject' },
    ]);
    const letters = mq.deadLetters('/job');
    const list = async (filter: DeadLetterFilter): Promise<number[]> =>
      (await letters.list<Job>(filter)).map(({ data }) => data?.n ?? 0).toSorted();
    expect(await list({})).toEqual([1, 2, 3, 4, 5]);
    expect(await list({ reason: 'rejected' })).toEqual([1, 5]);
    expect(await list({ reason: ['failed', 'invalid'] })).toEqual([2, 3, 4]);
    expect(await list({ errorName: 'RangeError' })).toEqual([3]);
    expect(await list({ text: 'OUT OF range' })).toEqual([3]);
    expect(await list({ text: '"n":4' })).toEqual([4]);
    expect(await list({ text: '"tenant":"t2"' })).toEqual([2]);
    expect(await list({ reason: 'rejected', text: 'rejected 5' })).toEqual([5]);
    const all = await letters.list();
    const [first, last] = [all[0], all[4]];
    expect(await list({ from: (last?.deadAt ?? 0) + 1 })).toEqual([]);
    expect(await list({ to: (first?.deadAt ?? 0) - 1 })).toEqual([]);
    expect(await list({ from: first?.deadAt ?? 0, to: last?.deadAt ?? 0 })).toHaveLength(5);

    const pages: number[] = [];
    for (let after: string | undefined; ;) {
      const options = { count: 1, reason: 'rejected' as const };
      const page = await letters.list<Job>(after === undefined ? options : { ...options, after });
      if (page.length === 0) break;
      expect(page).toHaveLength(1);
      pages.push(page[0]?.data?.n ?? 0);
      after = page.at(-1)?.id;
    }
    expect(pages.toSorted()).toEqual([1, 5]);
  });

  test('are grouped by what they died of, the most frequent first', async () => {
    const { mq } = await deadJobs(broker, [
      ...failing(3, 'range'),
      ...failing(2, 'type'),
      { n: 9, fails: 'reject' },
    ]);
    const letters = mq.deadLetters('/job');
    const [range, type, reject, ...rest] = await letters.fingerprints();
    expect(rest).toEqual([]);
    expect(range).toMatchObject({ count: 3 });
    expect(range?.fingerprint).toBe('RangeError at failOf: out of range: #');
    expect(range?.firstAt).toBeLessThanOrEqual(range?.lastAt ?? 0);
    expect(range?.sampleMessage).toMatch(/^out of range: \d$/);
    expect(await letters.get(range?.sampleId ?? '')).toMatchObject({ reason: 'failed' });
    expect(type?.fingerprint).toMatch(/^TypeError at failOf/);
    expect(reject).toMatchObject({ count: 1 });
    const same = await letters.list({ fingerprint: range?.fingerprint ?? '' });
    expect(same.every(({ error }) => error?.name === 'RangeError')).toBe(true);
    expect(same).toHaveLength(3);
    expect(await letters.fingerprints({ reason: 'rejected' })).toHaveLength(1);
  });

  test('are not listed, replayed, discarded or moved by an invalid filter', async () => {
    const letters = broker.mq().deadLetters('/job', 'g');
    const wrong: unknown[] = [
      { reason: 'bad' },
      { reason: ['failed', 'bad'] },
      { errorName: '' },
      { text: 7 },
      { from: -1 },
      { to: '2026' },
      { from: Number.NaN },
      { before: 1 },
      null,
    ];
    for (const filter of wrong) {
      const given = filter as DeadLetterFilter;
      const invalid = { code: 'CONFIG_INVALID' };
      await expect(letters.list(given)).rejects.toMatchObject(invalid);
      await expect(letters.fingerprints(given)).rejects.toMatchObject(invalid);
      await expect(letters.replay(given)).rejects.toMatchObject(invalid);
      await expect(letters.discard(given)).rejects.toMatchObject(invalid);
      await expect(letters.moveTo('/b', given)).rejects.toMatchObject(invalid);
    }
    for (const batch of [{ limit: 0 }, { perSecond: 0 }, { perSecond: -1 }, { canary: 1.5 }]) {
      await expect(letters.replay(batch)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
    await expect(letters.list({ after: 'x' })).rejects.toMatchObject({ code: 'ID_INVALID' });
    await expect(letters.list({ count: 0 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
