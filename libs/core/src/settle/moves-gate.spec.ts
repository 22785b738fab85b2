import { expect, test } from '@jest/globals';

import { MovesGate } from './moves-gate.js';

const MiB = 1024 * 1024;

/** Calls through one gate, each of which is answered by hand. */
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
    // Odd ones fail, which makes as much room.
    answers[which]?.(which % 2 === 1 ? new Error('no') : undefined);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { sent, answer };
}

test('small calls go together, without waiting for each other', () => {
  const { sent } = calls(...Array.from({ length: 10 }, () => 100_000));
  expect(sent).toHaveLength(10);
});

test('large calls go one after the other, in their order, whether the one before succeeds or fails', async () => {
  const { sent, answer } = calls(MiB, MiB, 3 * MiB, MiB);
  expect(sent).toEqual([0]);
  await answer(0);
  expect(sent).toEqual([0, 1]);
  await answer(1);
  expect(sent).toEqual([0, 1, 2]);
  await answer(2);
  expect(sent).toEqual([0, 1, 2, 3]);
});

test('a small call does not overtake a large one that waits', async () => {
  const { sent, answer } = calls(MiB / 2, MiB, MiB / 4, MiB / 4);
  expect(sent).toEqual([0]);
  await answer(0);
  expect(sent).toEqual([0, 1]);
  await answer(1);
  expect(sent).toEqual([0, 1, 2, 3]);
});

test('a small call does not overtake a large one when a part of the room becomes free', async () => {
  const { sent, answer } = calls(MiB / 2, MiB / 2, MiB, MiB / 4);
  expect(sent).toEqual([0, 1]);
  await answer(0);
  expect(sent).toEqual([0, 1]);
  await answer(1);
  expect(sent).toEqual([0, 1, 2]);
  await answer(2);
  expect(sent).toEqual([0, 1, 2, 3]);
});
