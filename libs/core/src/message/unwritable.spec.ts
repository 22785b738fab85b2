import { describe, expect, it, test } from '@jest/globals';

import { InvalidMessageError } from '../errors.js';
import { MESSAGE_LIMITS } from './limits.js';
import { encodePayload } from './payload.js';

function encode(data: unknown): string {
  return encodePayload(data, MESSAGE_LIMITS);
}

function refuse(thrown: unknown = new Error('not for you')): never {
  throw thrown;
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

describe('a value that JSON cannot carry', () => {
  class Recorder {
    readonly log = new Map([['a', 1]]);
  }
  class Sealed {
    readonly #total = 1;
    get total(): number {
      return this.#total;
    }
  }

  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'payload is undefined'],
    ['undefined in a list', [1, undefined], 'payload[1] is undefined'],
    // eslint-disable-next-line no-sparse-arrays -- the test needs a hole
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
    ['an Error', new Error('no'), 'payload is an Error (send its name and message)'],
    [
      'an Error with a code',
      { a: Object.assign(new TypeError(), { code: 1 }) },
      'payload.a is an E',
    ],
    ['a RegExp', [/a/], 'payload[0] is a RegExp'],
    ['a URLSearchParams', new URLSearchParams('a=1'), 'payload is an instance of URLSearchParams'],
    ['a Headers', { a: new Headers({ a: 'b' }) }, 'payload.a is an instance of Headers'],
    ['a Blob', new Blob(['a']), 'payload is an instance of Blob'],
    ['a FormData', [new FormData()], 'payload[0] is an instance of FormData'],
    ['a Request', new Request('http://localhost'), 'payload is an instance of Request'],
    ['a Response', { a: new Response() }, 'payload.a is an instance of Response'],
    ['an AbortController', new AbortController(), 'payload is an instance of AbortController'],
    ['a ReadableStream', new ReadableStream(), 'payload is an instance of ReadableStream'],
    ['an iterator of a Map', { a: new Map().entries() }, 'payload.a is an instance of '],
    ['an iterator of a list', [[1].values()], 'payload[0] is an instance of '],
    ['a generator', (function* () {})(), 'payload is an instance of '],
    ['a WeakMap', new WeakMap(), 'payload is an instance of WeakMap'],
    ['a WeakRef', new WeakRef({}), 'payload is an instance of WeakRef'],
    ['a format of Intl', new Intl.NumberFormat('en'), 'payload is an instance of NumberFormat'],
    ['a Proxy of a Map', new Proxy(new Map(), {}), 'payload is an instance of Map'],
    ['an instance with accessors only', new Sealed(), 'payload is an instance of Sealed'],
    ['toJSON that returns an Error', { toJSON: () => new Error('no') }, 'payload is an Error'],
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
  ])('%s is refused with an error that says where it is', (_, data, message) => {
    expect(() => encode(data)).toThrow(InvalidMessageError);
    expect(() => encode(data)).toThrow(message);
  });

  it('is named briefly even when its key is long', () => {
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
      'a getter that throws its own RangeError',
      {
        get a() {
          return (1).toFixed(101);
        },
      },
    ],
  ])('%s fails with InvalidMessageError, not with an error of the engine', (_, data) => {
    expect(() => encode(data)).toThrow(InvalidMessageError);
    expect(() => encode(data)).toThrow('The payload cannot be written as JSON: ');
  });

  it('keeps the error of a getter as the cause', () => {
    const cause = new Error('not yet loaded');
    const data = {
      get a() {
        return refuse(cause);
      },
    };
    expect(() => encode(data)).toThrow(expect.objectContaining({ cause }));
  });
});
