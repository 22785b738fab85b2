import { runInNewContext } from 'node:vm';

import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { InvalidMessageError, UndecodableError } from '../errors.js';
import { MESSAGE_LIMITS } from './limits.js';
import { decodePayload, encodePayload } from './payload.js';

function encode(data: unknown): string {
  return encodePayload(data, MESSAGE_LIMITS);
}

/** Encodes and decodes a payload, as a handler receives it. */
function roundTrip(data: unknown): unknown {
  return decodePayload(encode(data));
}

describe('a payload', () => {
  it('arrives as its JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary', maxDepth: 8 }), (data) => {
        expect(roundTrip(data)).toEqual(JSON.parse(JSON.stringify(data)));
      }),
    );
  });

  it('either arrives or is refused with a typed error, for any value', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(anything, (data) => {
        let json: string;
        try {
          json = encode(data);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidMessageError);
          return;
        }
        expect(json).toBe(JSON.stringify(data));
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ['null', null, null],
    ['a string', 'größe 😀', 'größe 😀'],
    ['false', false, false],
    ['zero', 0, 0],
    ['an empty object', {}, {}],
    ['an empty array', [], []],
    ['a Date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a URL', new URL('http://a/b'), 'http://a/b'],
    ['undefined members', { a: undefined, b: 1 }, { b: 1 }],
    ['members that are undefined as JSON', { a: { toJSON: () => undefined }, b: 1 }, { b: 1 }],
    ['symbols as keys', { [Symbol('a')]: 1, b: 1 }, { b: 1 }],
    ['boxed values', [Object(1), Object('a'), Object(true)], [1, 'a', true]],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['a Proxy of an object', new Proxy({ a: [1] }, {}), { a: [1] }],
    ['a Proxy of an array', new Proxy([1, { a: 2 }], {}), [1, { a: 2 }]],
    [
      'a getter',
      {
        get a() {
          return 1;
        },
      },
      { a: 1 },
    ],
    ['a NUL byte', { 'a\u0000': '\u0000' }, { 'a\u0000': '\u0000' }],
    ['halves of surrogate pairs', ['\ud83d', '\ude00a'], ['\ud83d', '\ude00a']],
    ['a member named toJSON that is not a function', { toJSON: 1 }, { toJSON: 1 }],
    ['the result of toJSON', { toJSON: () => ({ a: [1] }) }, { a: [1] }],
    ['an array with a toJSON', Object.assign([NaN], { toJSON: () => 'list' }), 'list'],
  ])('may hold %s', (_, data, received) => {
    expect(roundTrip(data)).toEqual(received);
  });

  it('may be an instance of a class: its own properties arrive', () => {
    class Base {
      a = 1;
    }
    class Order extends Base {
      readonly items = [new Base()];
      get total(): number {
        return this.a * 5;
      }
      ship(): void {}
    }
    expect(roundTrip(new Order())).toEqual({ a: 1, items: [{ a: 1 }] });
  });

  it('may be an empty object of any class or realm', () => {
    // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- the test needs an empty class
    class Ping {}
    class LatePing extends Ping {}
    const foreign: unknown = runInNewContext('({ a: {}, b: [], c: 1 })');
    expect(encode([new Ping(), new LatePing(), Object.create({})])).toBe('[{},{},{}]');
    expect(encode(foreign)).toBe('{"a":{},"b":[],"c":1}');
  });

  it('may be an Error or a similar instance with a toJSON', () => {
    const failed = Object.assign(new Error('no'), { toJSON: () => ({ failed: true }) });
    const headers = Object.assign(new Headers({ a: 'b' }), { toJSON: () => ({ a: 'b' }) });
    expect(roundTrip([failed, headers])).toEqual([{ failed: true }, { a: 'b' }]);
  });

  it('passes the key to toJSON, as JSON.stringify does', () => {
    const keys: unknown[] = [];
    const spy = { toJSON: (key: unknown) => keys.push(key) };
    encode(spy);
    encode({ a: spy, b: [spy] });
    expect(new Set(keys)).toEqual(new Set(['', 'a', '0']));
  });

  it('survives UTF-8 on its way through Redis', () => {
    const data = ['\ud83d', '\u0000', '\u2028', 'é', '😀', '\ufeff'];
    expect(decodePayload(Buffer.from(encode(data)).toString())).toEqual(data);
  });
});

describe('__proto__ as a key', () => {
  const json = '{"__proto__":{"isAdmin":true},"a":{"__proto__":1,"constructor":{"prototype":2}}}';

  it('stays an own property when it is sent and received', () => {
    const received = decodePayload(json) as Record<string, unknown>;
    expect(Object.keys(received)).toEqual(['__proto__', 'a']);
    expect(Object.getPrototypeOf(received)).toBe(Object.prototype);
    expect(received['isAdmin']).toBeUndefined();
    expect(encode(received)).toBe(json);
  });

  it('never gets into a prototype', () => {
    roundTrip(JSON.parse(json));
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
    expect(Object.prototype.hasOwnProperty.call(Object.prototype, 'isAdmin')).toBe(false);
  });

  it('does not hide what JSON cannot carry', () => {
    const data: unknown = Object.defineProperty({}, '__proto__', { value: 1n, enumerable: true });
    expect(() => encode(data)).toThrow('payload.__proto__ is a BigInt');
  });
});

describe('a stored payload', () => {
  test.each([
    ['nothing', ''],
    ['not JSON', 'hello'],
    ['truncated JSON', '{"a":1'],
    ['more than one JSON value', '{} {}'],
    ['undefined', 'undefined'],
    ['NaN', 'NaN'],
    ['a NUL byte', '\u0000'],
    ['a byte order mark', '\ufeff{}'],
  ])('that is %s is undecodable', (_, json) => {
    expect(() => decodePayload(json)).toThrow(UndecodableError);
  });

  it('is either read or undecodable for any text', () => {
    const broken = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json().map((json) => json.slice(0, -1)),
      fc.json(),
    );
    fc.assert(
      fc.property(broken, (json) => {
        try {
          decodePayload(json);
        } catch (error) {
          expect(error).toBeInstanceOf(UndecodableError);
        }
      }),
    );
  });
});
