import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { InvalidMessageError, MessageTooLargeError, UndecodableError } from '../errors.js';
import { MESSAGE_LIMITS, type MessageLimits } from './limits.js';
import { assertBytes, decodePayload, encodePayload } from './payload.js';

const DEEP = 10_000;

function encode(data: unknown, limits: Partial<MessageLimits> = {}): string {
  return encodePayload(data, { ...MESSAGE_LIMITS, ...limits });
}

/** What a handler gets of what was sent. */
function roundTrip(data: unknown): unknown {
  return decodePayload(encode(data));
}

function nested(levels: number, innermost: unknown = 1): unknown {
  let value = innermost;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

function refuse(thrown: unknown = new Error('not for you')): never {
  throw thrown;
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

describe('a payload', () => {
  it('arrives as what JSON makes of it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary', maxDepth: 8 }), (data) => {
        expect(roundTrip(data)).toEqual(JSON.parse(JSON.stringify(data)));
      }),
    );
  });

  it('arrives, or is refused with an error of its own kind, whatever it is', () => {
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
    ['a text', 'größe 😀', 'größe 😀'],
    ['false', false, false],
    ['zero', 0, 0],
    ['an empty object', {}, {}],
    ['an empty list', [], []],
    ['a Date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a URL', new URL('http://a/b'), 'http://a/b'],
    ['undefined members', { a: undefined, b: 1 }, { b: 1 }],
    ['members that are undefined as JSON', { a: { toJSON: () => undefined }, b: 1 }, { b: 1 }],
    ['symbols as keys', { [Symbol('a')]: 1, b: 1 }, { b: 1 }],
    ['boxed values', [Object(1), Object('a'), Object(true)], [1, 'a', true]],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['a Proxy of an object', new Proxy({ a: [1] }, {}), { a: [1] }],
    ['a Proxy of a list', new Proxy([1, { a: 2 }], {}), [1, { a: 2 }]],
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
    ['a member named toJSON that is no function', { toJSON: 1 }, { toJSON: 1 }],
    ['what toJSON returns', { toJSON: () => ({ a: [1] }) }, { a: [1] }],
    ['a list with a toJSON', Object.assign([NaN], { toJSON: () => 'list' }), 'list'],
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

  it('tells toJSON the key, as JSON.stringify does', () => {
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

describe('what JSON cannot carry', () => {
  class Recorder {
    readonly log = new Map([['a', 1]]);
  }

  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'payload is undefined'],
    ['undefined in a list', [1, undefined], 'payload[1] is undefined'],
    // eslint-disable-next-line no-sparse-arrays -- the hole is what is tested
    ['a hole in a list', [1, , 3], 'payload[1] is undefined'],
    ['a list of nothing but holes', new Array(4_000_000_000), 'payload[0] is undefined'],
    ['a BigInt', { a: { b: 1n } }, 'payload.a.b is a BigInt'],
    ['a boxed BigInt', [Object(1n)], 'payload[0] is a BigInt'],
    ['a function', { a: () => 1 }, 'payload.a is function'],
    ['a symbol', [Symbol('a')], 'payload[0] is symbol'],
    ['a boxed symbol', [Object(Symbol('a'))], 'payload[0] is symbol'],
    ['NaN', { a: [0, NaN] }, 'payload.a[1] is NaN'],
    ['a boxed NaN', [Object(NaN)], 'payload[0] is NaN'],
    ['Infinity', Infinity, 'payload is Infinity'],
    ['-Infinity', [-Infinity], 'payload[0] is -Infinity'],
    ['an invalid Date', { at: new Date(NaN) }, 'payload.at is an invalid Date'],
    ['a Map', new Map([['a', 1]]), 'payload is a Map'],
    ['a Map in an instance', new Recorder(), 'payload.log is a Map'],
    ['a Set', { a: new Set([1]) }, 'payload.a is a Set'],
    ['a Buffer', { a: Buffer.from('a') }, 'payload.a is binary data'],
    ['a typed array', new Uint8Array(2), 'payload is binary data'],
    ['a Float64Array', [new Float64Array(2)], 'payload[0] is binary data'],
    ['a DataView', new DataView(new ArrayBuffer(1)), 'payload is binary data'],
    ['an ArrayBuffer', new ArrayBuffer(1), 'payload is binary data'],
    ['a SharedArrayBuffer', new SharedArrayBuffer(1), 'payload is binary data'],
    ['a Promise', { a: Promise.resolve(1) }, 'payload.a is a Promise (await it first)'],
    ['an odd key', { 'a\nb': 1n }, 'payload["a\\nb"] is a BigInt'],
    ['toJSON that returns a BigInt', { a: { toJSON: () => 1n } }, 'payload.a is a BigInt'],
    ['toJSON that returns undefined', { toJSON: () => undefined }, 'payload is undefined'],
    [
      'toJSON that returns undefined in a list',
      [{ toJSON: () => undefined }],
      'payload[0] is undef',
    ],
    ['toJSON that returns a Map', { toJSON: () => ({ a: new Map() }) }, 'payload.a is a Map'],
    ['toJSON that returns NaN', [{ toJSON: () => NaN }], 'payload[0] is NaN'],
  ])('%s is refused, and the error says where it is', (_, data, message) => {
    expect(() => encode(data)).toThrow(InvalidMessageError);
    expect(() => encode(data)).toThrow(message);
  });

  it('is named by a short text, however long its key is', () => {
    const data = { ['k'.repeat(100_000)]: { ['l'.repeat(100_000)]: 1n } };
    let message = '';
    try {
      encode(data);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain('is a BigInt');
    expect(message.length).toBeLessThan(500);
  });

  test.each([
    [
      'a getter that throws',
      {
        get a() {
          return refuse();
        },
      },
    ],
    ['toJSON that throws', { toJSON: () => refuse() }],
    [
      'a getter of toJSON that throws',
      {
        get toJSON(): never {
          return refuse();
        },
      },
    ],
    [
      'a getter that throws nothing',
      {
        get a() {
          return refuse(null);
        },
      },
    ],
    [
      'a getter that throws a revoked Proxy',
      {
        get a() {
          return refuse(revoked({}));
        },
      },
    ],
    ['a Proxy that refuses its keys', new Proxy({}, { ownKeys: () => refuse() })],
    ['a Proxy that refuses its values', new Proxy({ a: 1 }, { get: () => refuse() })],
    ['a revoked Proxy', revoked({})],
    ['a revoked Proxy of a list', { a: revoked([]) }],
    [
      'a getter that throws a RangeError of its own',
      {
        get a() {
          return (1).toFixed(101);
        },
      },
    ],
  ])('%s is an invalid message, not an error of the engine', (_, data) => {
    expect(() => encode(data)).toThrow(InvalidMessageError);
    expect(() => encode(data)).toThrow('The payload cannot be written as JSON: ');
  });

  it('keeps what a getter threw as the cause', () => {
    const cause = new Error('not yet loaded');
    const data = {
      get a() {
        return refuse(cause);
      },
    };
    expect(() => encode(data)).toThrow(expect.objectContaining({ cause }));
  });
});

describe('__proto__ as a key', () => {
  const json = '{"__proto__":{"isAdmin":true},"a":{"__proto__":1,"constructor":{"prototype":2}}}';

  it('stays data of its own, both ways', () => {
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

describe('the depth of a payload', () => {
  it('is accepted up to the limit, and one level more is refused', () => {
    expect(roundTrip(nested(64))).toEqual(nested(64));
    expect(() => encode(nested(65))).toThrow(MessageTooLargeError);
    expect(encode([], { depth: 1 })).toBe('[]');
    expect(() => encode([[]], { depth: 1 })).toThrow('payload[0] is nested deeper than 1 levels');
  });

  it('does not count what becomes a text', () => {
    expect(() => encode(nested(64, new Date(0)))).not.toThrow();
    expect(() => encode(nested(64, Object('a')))).not.toThrow();
  });

  it('counts what toJSON returns', () => {
    expect(() => encode({ toJSON: () => nested(64) })).not.toThrow();
    expect(() => encode({ toJSON: () => nested(65) })).toThrow(MessageTooLargeError);
  });

  test.each([
    ['by default', {}],
    ['when the limit would allow it', { depth: 1_000_000 }],
  ])('is refused at 200,000 levels with an error of ours, %s', (_, limits) => {
    const data = nested(200_000);
    expect(() => encode(data, limits)).toThrow(MessageTooLargeError);
  });

  it('is refused at 10,000 levels', () => {
    expect(() => encode(nested(DEEP))).toThrow(MessageTooLargeError);
  });

  it('is no matter on the way back: 10,000 levels are read', () => {
    let value = decodePayload('['.repeat(DEEP) + ']'.repeat(DEEP));
    let levels = 0;
    for (; Array.isArray(value); value = value[0] as unknown) levels += 1;
    expect(levels).toBe(DEEP);
    expect(decodePayload('{"a":'.repeat(DEEP) + '1' + '}'.repeat(DEEP))).toHaveProperty('a.a.a');
  });

  it('that is unbalanced is undecodable', () => {
    expect(() => decodePayload('['.repeat(DEEP))).toThrow(UndecodableError);
  });
});

describe('a payload that refers to itself', () => {
  function selfIn(make: (self: object) => object): object {
    const self = {};
    return Object.assign(self, make(self));
  }

  test.each([
    ['an object', selfIn((self) => ({ a: { b: self } }))],
    ['a list', selfIn((self) => ({ a: [self] }))],
    ['toJSON', selfIn((self) => ({ toJSON: () => ({ self }) }))],
  ])('is refused: %s', (_, data) => {
    expect(() => encode(data)).toThrow(MessageTooLargeError);
    expect(() => encode(data)).toThrow('refers to itself');
  });

  it('is accepted when it only shares a part', () => {
    const part = { a: 1 };
    expect(roundTrip([part, { part }])).toEqual([{ a: 1 }, { part: { a: 1 } }]);
  });

  it('is refused quickly when shared parts double at every level', () => {
    let data: unknown = 'x';
    for (let level = 0; level < 60; level += 1) data = [data, data];
    expect(() => encode(data)).toThrow(MessageTooLargeError);
    expect(() => encode(data)).toThrow('more than 262144 bytes');
  });
});

describe('the size of a payload', () => {
  // Two quotes are part of the JSON.
  test.each([
    ['one byte', 'a', 98],
    ['two bytes', 'é', 49],
    ['three bytes', '€', 32],
    ['four bytes', '😀', 24],
    ['six bytes, as it is escaped', '\ud800', 16],
  ])('is counted in bytes of UTF-8: characters of %s', (_, character, count) => {
    const data = character.repeat(count);
    const bytes = Buffer.byteLength(JSON.stringify(data));
    expect(encode(data, { payloadBytes: bytes })).toBe(JSON.stringify(data));
    expect(() => encode(data, { payloadBytes: bytes - 1 })).toThrow(MessageTooLargeError);
    expect(() => encode(data, { payloadBytes: bytes - 1 })).toThrow(
      `The payload is ${bytes} bytes; the limit is ${bytes - 1}.`,
    );
  });

  it('is accepted at exactly the limit, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (data) => {
        const bytes = Buffer.byteLength(JSON.stringify(data));
        expect(encode(data, { payloadBytes: bytes })).toBe(JSON.stringify(data));
        if (bytes > 1) {
          expect(() => encode(data, { payloadBytes: bytes - 1 })).toThrow(MessageTooLargeError);
        }
      }),
    );
  });

  it('does not count members that are left out', () => {
    const data = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [index, undefined]));
    expect(encode(data, { payloadBytes: 2 })).toBe('{}');
  });

  it('of any text is checked by the same rule', () => {
    expect(() => assertBytes('headers', 'éé', 4)).not.toThrow();
    expect(() => assertBytes('headers', 'ééa', 4)).toThrow('The headers is 5 bytes');
  });
});

describe('a stored payload', () => {
  test.each([
    ['nothing', ''],
    ['no JSON', 'hello'],
    ['half of it', '{"a":1'],
    ['more than one', '{} {}'],
    ['undefined', 'undefined'],
    ['NaN', 'NaN'],
    ['a NUL byte', '\u0000'],
    ['a byte order mark', '\ufeff{}'],
  ])('that is %s is undecodable', (_, json) => {
    expect(() => decodePayload(json)).toThrow(UndecodableError);
  });

  it('either reads or is undecodable, nothing else', () => {
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
