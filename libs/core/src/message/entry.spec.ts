import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { UndecodableError } from '../errors.js';
import { FIELD, assertUtf8, mayBeDamaged, readEntry, readHistory } from './entry.js';
import { recordError } from './error-record.js';

const HISTORY = { origin: '1-0', attempts: 2, crashes: 1 };
const M = JSON.stringify(HISTORY);
const PLAIN = {
  data: '{"a":1}',
  headers: undefined,
  id: undefined,
  expiresAt: undefined,
  history: undefined,
};

describe('an entry', () => {
  test.each([
    ['only its payload', ['d', '{"a":1}'], {}],
    ['an empty payload', ['d', ''], { data: '' }],
    ['headers', ['d', '{"a":1}', 'h', '{"b":"c"}'], { headers: '{"b":"c"}' }],
    ['an id', ['d', '{"a":1}', 'i', 'ORD-1'], { id: 'ORD-1' }],
    ['an instant of expiry', ['d', '{"a":1}', 'x', '1758000000000'], { expiresAt: 1758000000000 }],
    ['a history', ['m', M, 'd', '{"a":1}'], { history: HISTORY }],
    [
      'all of them',
      ['m', M, 'd', '{"a":1}', 'h', '{}', 'i', 'ORD-1', 'x', '0'],
      { history: HISTORY, headers: '{}', id: 'ORD-1', expiresAt: 0 },
    ],
    [
      'all of them in another order',
      ['x', '5', 'i', 'a', 'h', '{}', 'd', '{"a":1}'],
      {
        headers: '{}',
        id: 'a',
        expiresAt: 5,
      },
    ],
    ['a field of a newer version', ['d', '{"a":1}', 'D', 'new', '', ''], {}],
    ['a field of a newer version before the payload', ['v', '2', 'd', '{"a":1}'], {}],
    ['names of built-in members', ['constructor', 'a', '__proto__', 'b', 'd', '{"a":1}'], {}],
    [
      'a foreign field named like the history, after the first field',
      ['d', '{"a":1}', 'm', 'mine'],
      {},
    ],
    ['a value named like a field', ['i', 'd', 'd', '{"a":1}'], { id: 'd' }],
    ['a name without a value at its end', ['d', '{"a":1}', 'x'], {}],
  ])('is read with %s', (_, fields, expected) => {
    expect(readEntry(fields)).toEqual({ ...PLAIN, ...expected });
  });

  test.each([
    ['nothing', [], 'no field "d"'],
    ['no payload', ['h', '{}', 'i', 'a'], 'no field "d"'],
    ['only the name of a payload', ['d'], 'no field "d"'],
    ['a payload as a value only', ['i', 'd'], 'no field "d"'],
    ['an expiry that is not a number', ['d', '1', 'x', 'soon'], '"x" is not an instant'],
    ['an expiry that is empty', ['d', '1', 'x', ''], '"x" is not an instant'],
    ['an expiry below zero', ['d', '1', 'x', '-5'], '"x" is not an instant'],
    ['an expiry with a fraction', ['d', '1', 'x', '5.5'], '"x" is not an instant'],
    ['an expiry with an exponent', ['d', '1', 'x', '1e3'], '"x" is not an instant'],
    ['an expiry with a newline', ['d', '1', 'x', '5\n'], '"x" is not an instant'],
    ['an endless expiry', ['d', '1', 'x', '9'.repeat(400)], '"x" is not an instant'],
    ['a history that is not JSON', ['m', '{', 'd', '1'], '"m" is not JSON'],
    ['a history that is empty', ['m', '', 'd', '1'], '"m" is not JSON'],
    ['an empty object as its history', ['m', '{}', 'd', '1'], '"m" is not a history'],
  ])('is undecodable with %s', (_, fields, message) => {
    expect(() => readEntry(fields)).toThrow(UndecodableError);
    expect(() => readEntry(fields)).toThrow(message);
  });

  it('is either read or undecodable for any fields', () => {
    const names = fc.oneof(
      fc.constantFrom(...Object.values(FIELD), '__proto__'),
      fc.string({ unit: 'binary' }),
    );
    const values = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constantFrom(M, '1', 'd'));
    const pairs = fc.array(fc.tuple(names, values)).map((some) => some.flat());
    fc.assert(
      fc.property(fc.oneof(pairs, fc.array(fc.oneof(names, values))), (fields) => {
        try {
          const entry = readEntry(fields);
          expect(typeof entry.data).toBe('string');
          expect(entry.expiresAt ?? 0).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(UndecodableError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a history', () => {
  const error = recordError(new TypeError('boom'));

  test.each([
    ['only the required members', HISTORY],
    ['no attempts yet', { origin: '1758000000000-12', attempts: 0, crashes: 0 }],
    ['an error', { ...HISTORY, error }],
    ['replays', { ...HISTORY, replays: 3 }],
    ['the reason of a dead letter', { ...HISTORY, reason: 'failed' }],
    ['a member of a newer version', { ...HISTORY, pausedMs: 5 }],
  ])('is read with %s', (_, history) => {
    expect(readHistory(JSON.stringify(history))).toEqual(history);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['a number', 1],
    ['a string', 'history'],
    ['an array', [HISTORY]],
    ['no origin', { ...HISTORY, origin: undefined }],
    ['an origin that is not an entry id', { ...HISTORY, origin: 'ORD-1' }],
    ['an origin that is a number', { ...HISTORY, origin: 1 }],
    ['no attempts', { ...HISTORY, attempts: undefined }],
    ['attempts as a string', { ...HISTORY, attempts: '1' }],
    ['attempts below zero', { ...HISTORY, attempts: -1 }],
    ['attempts with a fraction', { ...HISTORY, attempts: 0.5 }],
    ['attempts above the safe integers', { ...HISTORY, attempts: 2 ** 60 }],
    ['no crashes', { ...HISTORY, crashes: null }],
    ['crashes below zero', { ...HISTORY, crashes: -1 }],
    ['replays as a string', { ...HISTORY, replays: 'many' }],
    ['replays below zero', { ...HISTORY, replays: -1 }],
    ['an error that is a string', { ...HISTORY, error: 'boom' }],
    ['an error that is null', { ...HISTORY, error: null }],
    ['an error without a message', { ...HISTORY, error: { name: 'Error' } }],
  ])('is undecodable when it is or has %s', (_, history) => {
    expect(() => readHistory(JSON.stringify(history))).toThrow(UndecodableError);
    expect(() => readHistory(JSON.stringify(history))).toThrow('"m" is not a history');
  });

  it('keeps __proto__ as data', () => {
    const history = readHistory(`{"__proto__":{"isAdmin":true},${M.slice(1)}`);
    expect(Object.getPrototypeOf(history)).toBe(Object.prototype);
    expect((history as unknown as Record<string, unknown>)['isAdmin']).toBeUndefined();
  });
});

describe('fields that are not UTF-8', () => {
  const broken = Buffer.from([0x7b, 0xff, 0x7d]);
  const whole = Buffer.from('größe 😀 \ufffd');

  it('may be damaged when one of them contains U+FFFD', () => {
    expect(mayBeDamaged(['d', broken.toString()])).toBe(true);
    expect(mayBeDamaged([broken.toString(), 'a', 'd', '1'])).toBe(true);
    expect(mayBeDamaged(['d', whole.toString()])).toBe(true);
    expect(mayBeDamaged(['d', 'größe 😀'])).toBe(false);
    expect(mayBeDamaged([])).toBe(false);
  });

  it('are undecodable, while fields with a sent U+FFFD are not', () => {
    expect(() => assertUtf8([whole, broken])).toThrow(UndecodableError);
    expect(() => assertUtf8([whole, Buffer.alloc(0)])).not.toThrow();
    expect(() => assertUtf8([])).not.toThrow();
  });

  it('are detected for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const buffer = Buffer.from(bytes);
        const isWhole = Buffer.from(buffer.toString()).equals(buffer);
        const check = expect(() => assertUtf8([buffer]));
        if (isWhole) check.not.toThrow();
        else check.toThrow(UndecodableError);
        if (!isWhole) expect(mayBeDamaged([buffer.toString()])).toBe(true);
      }),
    );
  });
});
