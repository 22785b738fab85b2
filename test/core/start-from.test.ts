import { expect, test } from '@jest/globals';
import type { LeanMQOptions } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

/** Returns what a new group gets of the messages before its start and of one after it. */
async function gotBy(startFrom: LeanMQOptions['startFrom']): Promise<unknown[]> {
  const got: unknown[] = [];
  const options = startFrom === undefined ? {} : { startFrom };
  const mq = await broker.consume('/story', ({ data }) => void got.push(data), {
    group: 'new',
    ...options,
  });
  await mq.publish('/story', 'after');
  await eventually(() => got.includes('after'));
  return got;
}

/** Publishes three messages in different milliseconds; returns their instants, epoch ms. */
async function tellTheStory(): Promise<number[]> {
  const mq = broker.mq();
  const instants: number[] = [];
  for (const part of ['one', 'two', 'three']) {
    const before = instants.at(-1) ?? 0;
    await eventually(() => isAfter(before), { everyMs: 1 });
    const { id } = await mq.publish('/story', part);
    instants.push(Number.parseInt(id, 10));
  }
  return instants;
}

async function isAfter(instant: number): Promise<boolean> {
  const [seconds, micros] = (await broker.redis.time()).map(Number) as [number, number];
  return seconds * 1_000 + Math.floor(micros / 1_000) > instant;
}

test.each([['earliest' as const], [undefined]])(
  'a new group that starts from %j gets everything on the log',
  async (startFrom) => {
    await tellTheStory();
    expect(await gotBy(startFrom)).toEqual(['one', 'two', 'three', 'after']);
  },
);

test('a new group that starts from the latest gets what comes after it', async () => {
  await tellTheStory();
  expect(await gotBy('latest')).toEqual(['after']);
});

test('a new group that starts at a time gets what was published then or later', async () => {
  const [, two] = await tellTheStory();
  expect(await gotBy({ at: two as number })).toEqual(['two', 'three', 'after']);
});

test('a group that starts between two messages gets the second one first', async () => {
  const [, two] = await tellTheStory();
  expect(await gotBy({ at: (two as number) + 1 })).toEqual(['three', 'after']);
});

test('a group that starts before all messages, or at the beginning of time, gets everything', async () => {
  await tellTheStory();
  expect(await gotBy({ at: 0 })).toEqual(['one', 'two', 'three', 'after']);
});

test('a group that starts in the future gets nothing that is published until then', async () => {
  const mq = broker.mq({ group: 'new', startFrom: { at: (await tellTheStory())[2]! + 3_600_000 } });
  const got: unknown[] = [];
  await mq.consume('/story', ({ data }) => void got.push(data));
  await mq.publish('/story', 'too early');
  const other = broker.mq({ group: 'other' });
  const acked = nextEvent(other.events, 'acked');
  await other.consume('/story', () => undefined);
  await acked;
  expect(got).toEqual([]);
});

test('a group that exists already continues where it was', async () => {
  const first = await broker.consume('/story', () => undefined, { group: 'new' });
  const acked = nextEvent(first.events, 'acked');
  await first.publish('/story', 'one');
  await acked;
  await first.close();
  await broker.mq().publish('/story', 'two');
  expect(await gotBy('latest')).toEqual(['two', 'after']);
});
