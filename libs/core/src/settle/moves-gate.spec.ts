import { expect, test } from '@jest/globals';

import { MovesGate } from './moves-gate.js';

const MiB = 1024 * 1024;

/** Sends calls through one gate; the test answers each one by hand. */
function calls(...sizes: number[]): { sent: number[]; answer: (which: number) => Promise<void> } {
  const gate = new MovesGate();
  const sent: number[] = [];
  const answers: ((error?: Error) => void)[] = [];
  sizes.forEach((bytes, which) => {
    const call = (): Promise<void> => {
      sent.push(which);
      return new Promise((resolve, reject) => {
        answers[which] = (error) => (error === undefined ? resolve() : reject(error));
      });
    };
    gate.pass(bytes, call).catch(() => undefined);
  });
  const answer = async (which: number): Promise<void> => {
    // Calls with an odd number fail, which frees the same room.
    answers[which]?.(which % 2 === 1 ? new Error('no') : undefined);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { sent, answer };
}

test('small calls run together, without waiting for each other', () => {
  const { sent } = calls(...Array.from({ length: 10 }, () => 100_000));
  expect(sent).toHaveLength(10);
});

test('large calls run one after the other, in order, whether or not the previous one succeeds', async () => {
  const { sent, answer } = calls(MiB, MiB, 3 * MiB, MiB);
  expect(sent).toEqual([0]);
  await answer(0);
  expect(sent).toEqual([0, 1]);
  await answer(1);
  expect(sent).toEqual([0, 1, 2]);
  await answer(2);
  expect(sent).toEqual([0, 1, 2, 3]);
});

test('a small call does not overtake a waiting large call', async () => {
  const { sent, answer } = calls(MiB / 2, MiB, MiB / 4, MiB / 4);
  expect(sent).toEqual([0]);
  await answer(0);
  expect(sent).toEqual([0, 1]);
  await answer(1);
  expect(sent).toEqual([0, 1, 2, 3]);
});

test('a small call does not overtake a large call when part of the room becomes free', async () => {
  const { sent, answer } = calls(MiB / 2, MiB / 2, MiB, MiB / 4);
  expect(sent).toEqual([0, 1]);
  await answer(0);
  expect(sent).toEqual([0, 1]);
  await answer(1);
  expect(sent).toEqual([0, 1, 2]);
  await answer(2);
  expect(sent).toEqual([0, 1, 2, 3]);
});
