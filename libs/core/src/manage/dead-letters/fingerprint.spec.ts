import { describe, expect, test } from '@jest/globals';

import type { DeadLetter } from './dead-letter.js';
import { Fingerprints, fingerprintOf } from './fingerprint.js';

const of = (stack: string | undefined, name = 'TypeError'): string =>
  fingerprintOf({ reason: 'failed', error: { name, message: 'x', ...(stack && { stack }) } });

describe('the fingerprint of a dead letter', () => {
  test.each([
    [
      'the first function',
      'TypeError: x\n    at pay (/app/src/pay.js:12:7)\n    at run (/app/src/run.js:1:1)',
      'TypeError at pay: x',
    ],
    [
      'the first of our own, not of a library or of Node',
      'TypeError: x\n    at f (/app/node_modules/lib/a.js:1:2)\n    at g (node:internal/x:3:4)\n    at node:fs:1:1\n    at pay (/app/pay.js:12:7)',
      'TypeError at pay: x',
    ],
    [
      'a method, however it was called',
      'TypeError: x\n    at async Orders.pay [as handler] (/app/pay.js:12:7)',
      'TypeError at Orders.pay: x',
    ],
    [
      'the function around one without a name',
      'TypeError: x\n    at /app/pay.js:12:7\n    at Array.map (<anonymous>)\n    at pay (/app/pay.js:9:1)',
      'TypeError at pay: x',
    ],
    [
      'the file where no function has a name',
      'TypeError: x\n    at /app/dist/pay.4f3a2b1c.js:12:7',
      'TypeError at pay.js: x',
    ],
    [
      'a module by its URL',
      'TypeError: x\n    at async file:///app/pay.js:12:7',
      'TypeError at pay.js: x',
    ],
    [
      'the handler, not the engine in the same bundle',
      'TypeError: x\n    at /app/main.js:12:7\n    at Runner.call (/app/main.js:1:1)',
      'TypeError at main.js: x',
    ],
    [
      'a path of Windows',
      'TypeError: x\n    at f (C:\\app\\node_modules\\a.js:1:2)\n    at C:\\app\\pay.js:12:7',
      'TypeError at pay.js: x',
    ],
    ['frames of libraries only', 'TypeError: x\n    at f (/node_modules/a.js:1:2)', 'TypeError: x'],
    ['no frame at all', 'TypeError: x', 'TypeError: x'],
    ['no stack', undefined, 'TypeError: x'],
  ])('goes by %s', (_, stack, expected) => {
    expect(of(stack)).toBe(expected);
  });

  test('survives a rebuild that moves lines and renames the bundle', () => {
    const built = (bundle: string, line: number): string =>
      `TypeError: x\n    at pay (/app/dist/${bundle}:${line}:7)\n    at Runner.call (/app/dist/${bundle}:1:1)`;
    expect(of(built('main.1a2b3c4d.js', 12))).toBe(of(built('main.9f8e7d6c.js', 4_711)));
    expect(of(built('main.js', 1))).not.toBe(of(built('main.js', 1), 'RangeError'));
  });

  test('distinguishes the reasons for which one line throws, and nothing else', () => {
    const stack = 'Error: x\n    at call (/app/call.js:1:2)';
    const died = (error: object): string =>
      fingerprintOf({ reason: 'failed', error: { name: 'Error', message: 'no', stack, ...error } });
    const groups = new Set<string>();
    for (let n = 0; n < 25_000; n += 1) {
      const status = n % 2 === 0 ? 503 : 429;
      groups.add(died({ message: `order ${n}: upstream answered ${status}`, status }));
    }
    expect(groups.size).toBe(2);
    expect(died({ code: 'ECONNRESET' })).toBe('Error ECONNRESET at call: no');
    expect(died({ code: 1062, status: 409 })).toBe('Error 1062 409 at call: no');
    const cause = { name: 'Error', message: 'connect 10.0.0.7', code: 'ECONNREFUSED' };
    expect(died({ cause })).toBe('Error ECONNREFUSED at call: no < Error: connect #');
    expect(died({ errors: [cause] })).toBe('Error ECONNREFUSED at call: no < Error: connect #');
    expect(died({ cause: { ...cause, message: 'connect 10.0.0.8' } })).toBe(died({ cause }));
  });

  test('is the reason when there was no error', () => {
    expect(fingerprintOf({ reason: 'expired', error: undefined })).toBe('expired');
  });

  test('comes with its count, its first and last time, and the latest dead letter as a sample', () => {
    const fingerprints = new Fingerprints();
    const letter = (id: string, deadAt: number, name: string): DeadLetter =>
      ({ id, deadAt, reason: 'failed', error: { name, message: `said ${id}` } }) as DeadLetter;
    fingerprints.add(letter('1-0', 1, 'A'));
    fingerprints.add(letter('2-0', 2, 'B'));
    fingerprints.add(letter('3-0', 3, 'B'));
    expect(fingerprints.list).toEqual([
      {
        ...{ fingerprint: 'B: said #', count: 2, firstAt: 2, lastAt: 3 },
        ...{ sampleId: '3-0', sampleMessage: 'said 3-0' },
      },
      {
        ...{ fingerprint: 'A: said #', count: 1, firstAt: 1, lastAt: 1 },
        ...{ sampleId: '1-0', sampleMessage: 'said 1-0' },
      },
    ]);
  });
});
