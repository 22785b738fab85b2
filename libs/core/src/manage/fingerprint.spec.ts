import { describe, expect, test } from '@jest/globals';

import type { DeadLetter } from './dead-letter.js';
import { Fingerprints, fingerprintOf } from './fingerprint.js';

const of = (stack: string | undefined, name = 'TypeError'): string =>
  fingerprintOf({ reason: 'failed', error: { name, message: 'x', ...(stack && { stack }) } });

describe('the fingerprint of a dead letter', () => {
  test.each([
    [
      'the first frame',
      'TypeError: x\n    at pay (/app/src/pay.js:12:7)\n    at run (/app/src/run.js:1:1)',
      'TypeError at pay (/app/src/pay.js:12)',
    ],
    [
      'the first of our own, not of a library or of Node',
      'TypeError: x\n    at f (/app/node_modules/lib/a.js:1:2)\n    at g (node:internal/x:3:4)\n    at node:fs:1:1\n    at pay (/app/pay.js:12:7)',
      'TypeError at pay (/app/pay.js:12)',
    ],
    [
      'a frame without a name',
      'TypeError: x\n    at /app/pay.js:12:7',
      'TypeError at /app/pay.js:12',
    ],
    [
      'a module by its URL',
      'TypeError: x\n    at async file:///app/pay.js:12:7',
      'TypeError at async file:///app/pay.js:12',
    ],
    [
      'a path of Windows',
      'TypeError: x\n    at f (C:\\app\\node_modules\\a.js:1:2)\n    at pay (C:\\app\\pay.js:12:7)',
      'TypeError at pay (C:\\app\\pay.js:12)',
    ],
    ['frames of libraries only', 'TypeError: x\n    at f (/node_modules/a.js:1:2)', 'TypeError'],
    [
      'a message that looks like a frame',
      'TypeError: at home\n at the office',
      'TypeError at the office',
    ],
    ['no frame at all', 'TypeError: x', 'TypeError'],
    ['no stack', undefined, 'TypeError'],
  ])('goes by %s', (_, stack, expected) => {
    expect(of(stack)).toBe(expected);
  });

  test('is the same wherever in the line it failed, and another in another line', () => {
    const stack = (line: number, column: number): string =>
      `TypeError: x\n    at pay (/app/pay.js:${line}:${column})`;
    expect(of(stack(1, 2))).toBe(of(stack(1, 40)));
    expect(of(stack(1, 2))).not.toBe(of(stack(2, 2)));
    expect(of(stack(1, 2))).not.toBe(of(stack(1, 2), 'RangeError'));
  });

  test('is the reason where there was no error', () => {
    expect(fingerprintOf({ reason: 'expired', error: undefined })).toBe('expired');
  });

  test('groups with counts, first and last, and the latest as a sample', () => {
    const fingerprints = new Fingerprints();
    const letter = (id: string, deadAt: number, name: string): DeadLetter =>
      ({ id, deadAt, reason: 'failed', error: { name, message: `said ${id}` } }) as DeadLetter;
    fingerprints.add(letter('1-0', 1, 'A'));
    fingerprints.add(letter('2-0', 2, 'B'));
    fingerprints.add(letter('3-0', 3, 'B'));
    expect(fingerprints.list).toEqual([
      {
        ...{ fingerprint: 'B', count: 2, firstAt: 2, lastAt: 3 },
        ...{ sampleId: '3-0', sampleMessage: 'said 3-0' },
      },
      {
        ...{ fingerprint: 'A', count: 1, firstAt: 1, lastAt: 1 },
        ...{ sampleId: '1-0', sampleMessage: 'said 1-0' },
      },
    ]);
  });
});
