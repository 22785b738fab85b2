import { readFileSync } from 'node:fs';
import { types } from 'node:util';

import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { InvalidMessageError, RejectError } from '../errors.js';
import { recordError } from './error-record.js';

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('It was to throw.');
}

/** Makes an error whose properties with these names throw when read. */
function errorHiding(...properties: readonly string[]): Error {
  const error = new Error('hidden');
  for (const property of properties) {
    Object.defineProperty(error, property, {
      get: () => {
        throw new TypeError(`no ${property} for you`);
      },
    });
  }
  return error;
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function circular(): object {
  const self: Record<string, unknown> = {};
  self['self'] = self;
  return self;
}

function refuse(): never {
  throw new Error('no');
}

describe('the record of an error', () => {
  it('has the name, message and stack', () => {
    const record = recordError(new TypeError('boom'));
    expect(record).toEqual({
      name: 'TypeError',
      message: 'boom',
      stack: expect.stringContaining('error-record.spec'),
    });
  });

  it('has the code, violations and cause of an error with them', () => {
    const cause = Object.assign(new RangeError('because'), { secret: 1 });
    const violations = ['status must be a string', { id: 'missing' }];
    const error = Object.assign(new Error('boom', { cause }), { code: 'E_BOOM', violations });
    expect(recordError(error)).toMatchObject({
      code: 'E_BOOM',
      violations: ['status must be a string', '{"id":"missing"}'],
      cause: { name: 'RangeError', message: 'because' },
    });
  });

  test.each([
    ['an error of LeanMQ', new RejectError('no'), { name: 'RejectError', code: 'REJECTED' }],
    [
      'an invalid message',
      new InvalidMessageError('bad', { violations: ['a', 'b'] }),
      { name: 'InvalidMessageError', violations: ['a', 'b'] },
    ],
    [
      'a cause that is not an error',
      new Error('x', { cause: 'timeout' }),
      {
        cause: { name: 'NonError', message: 'timeout' },
      },
    ],
    ['a subclass', new (class CardDeclined extends Error {})('x'), { name: 'Error' }],
    ['a name that is not a string', Object.assign(new Error('x'), { name: 5 }), { name: 'Error' }],
    [
      'a message that is not a string',
      Object.assign(new Error(), { message: { a: 1 } }),
      {
        message: '{"a":1}',
      },
    ],
    [
      'an object that only looks like an error',
      { name: 'Old', message: 'style' },
      {
        name: 'Old',
        message: 'style',
      },
    ],
    [
      'a DOMException',
      new DOMException('gone', 'AbortError'),
      {
        name: 'AbortError',
        message: 'gone',
      },
    ],
  ])('is right for %s', (_, error, expected) => {
    expect(recordError(error)).toMatchObject(expected);
  });

  it('has no code, violations or cause of an error without them', () => {
    const error = Object.assign(new Error('x'), {
      code: { a: 1 },
      status: 'failed',
      violations: [],
    });
    expect(Object.keys(recordError(error))).toEqual(['name', 'message', 'stack']);
  });

  test.each<[string, object, object]>([
    ['a code that is a number', { code: 1062 }, { code: 1062 }],
    ['a status', { status: 503 }, { status: 503 }],
    ['a statusCode as a string', { statusCode: '429' }, { status: 429 }],
    ['the status of its response', { response: { status: 502 } }, { status: 502 }],
    ['the statusCode of its response', { response: { statusCode: 404 } }, { status: 404 }],
  ])('keeps %s', (_, properties, expected) => {
    expect(recordError(Object.assign(new Error('x'), properties))).toMatchObject(expected);
  });

  it('has up to three causes, each with its code and status', () => {
    const causes = [4, 3, 2, 1].reduce<Error | undefined>(
      (cause, n) => Object.assign(new Error(`${n}`, { cause }), { code: `E${n}`, status: 500 + n }),
      undefined,
    );
    const { cause } = recordError(new Error('top', { cause: causes }));
    expect(cause).toMatchObject({ code: 'E1', cause: { code: 'E2', cause: { status: 503 } } });
    expect(cause?.cause?.cause).not.toHaveProperty('cause');
    const cycle = new Error('a');
    cycle.cause = cycle;
    expect(recordError(cycle).cause?.cause?.cause?.message).toBe('a');
  });

  it('keeps the first three errors of an AggregateError, even when it is a cause', () => {
    const errors = [1, 2, 3, 4].map((n) => Object.assign(new Error(`e${n}`), { code: n }));
    const aggregate = new AggregateError(errors, 'all');
    const three = [{ code: 1 }, { code: 2 }, { code: 3 }];
    expect(recordError(aggregate)).toMatchObject({ message: 'all', errors: three });
    expect(recordError(new Error('x', { cause: aggregate })).cause).toMatchObject({
      errors: three,
    });
  });

  it("recognises an error of another realm, such as Node's own in a sandbox", () => {
    const error = thrownBy(() => readFileSync('/does/not/exist'));
    expect(types.isNativeError(error)).toBe(true);
    expect(recordError(error)).toMatchObject({
      name: 'Error',
      code: 'ENOENT',
      message: expect.stringContaining('no such file'),
      stack: expect.stringContaining('ENOENT'),
    });
  });
});

describe('the record of a thrown value that is not an error', () => {
  test.each([
    ['a string', 'boom', 'boom'],
    ['an empty string', '', ''],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 5, '5'],
    ['NaN', NaN, 'NaN'],
    ['a BigInt', 10n, '10'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an object', { status: 500 }, '{"status":500}'],
    ['an array', [1, 'a'], '[1,"a"]'],
    ['an object without a prototype', Object.create(null), '{}'],
    ['a circular object', circular(), '[object Object]'],
    ['an object that is undefined as JSON', { toJSON: () => undefined }, '[object Object]'],
    ['an object that throws as JSON', { toJSON: refuse }, '[object Object]'],
  ])('shows %s', (_, thrown, message) => {
    expect(recordError(thrown)).toEqual({ name: 'NonError', message });
  });
});

describe('recordError never throws', () => {
  test.each<[string, unknown]>([
    ['getters that throw', errorHiding('stack', 'message', 'name', 'code', 'violations', 'cause')],
    [
      'a message that throws when converted to a string',
      Object.assign(new Error(), { message: { toString: refuse } }),
    ],
    ['violations that throw', Object.assign(new Error(), { violations: [{ toJSON: refuse }] })],
    ['violations that are revoked', Object.assign(new Error(), { violations: revoked([]) })],
    ['a cause that throws', new Error('x', { cause: errorHiding('name', 'message') })],
    ['a cause that is itself', Object.assign(new Error('x'), { cause: undefined })],
    ['a revoked Proxy', revoked({})],
    ['a revoked Proxy of a function', revoked(refuse)],
    [
      'a Proxy that refuses everything',
      new Proxy({}, { get: refuse, getPrototypeOf: refuse, ownKeys: refuse }),
    ],
    [
      'a Proxy of an error that refuses everything',
      new Proxy(new Error(), { get: refuse, getPrototypeOf: refuse }),
    ],
    ['an error without a prototype', Object.setPrototypeOf(new Error('x'), null)],
    ['a function whose toString throws', Object.assign(() => 0, { toString: refuse })],
    [
      'a tag that throws',
      {
        toJSON: refuse,
        get [Symbol.toStringTag]() {
          return refuse();
        },
      },
    ],
    ['a symbol as the name', Object.assign(new Error('x'), { name: Symbol('n') })],
    ['a class', RangeError],
  ])('for %s', (_, thrown) => {
    const record = recordError(thrown);
    expect(typeof record.name).toBe('string');
    expect(typeof record.message).toBe('string');
    expect(JSON.parse(JSON.stringify(record))).toEqual(record);
  });

  it('for any value', () => {
    const anything = fc.anything({
      withBigInt: true,
      withNullPrototype: true,
      withSparseArray: true,
    });
    fc.assert(
      fc.property(anything, anything, anything, (message, code, cause) => {
        recordError(message);
        const record = recordError(Object.assign(new Error('x', { cause }), { message, code }));
        expect(JSON.parse(JSON.stringify(record))).toEqual(record);
      }),
    );
  });
});

describe('the strings of a record', () => {
  const long = 'x'.repeat(1_000_000);

  it('are limited in length', () => {
    const error = Object.assign(new Error(long, { cause: new Error(long) }), {
      name: long,
      code: long,
      stack: long,
      violations: Array.from({ length: 1_000 }, () => long),
    });
    const record = recordError(error);
    expect(record.name).toHaveLength(200);
    expect(record.message).toHaveLength(2_000);
    expect(record.stack).toHaveLength(4_000);
    expect(record.code).toHaveLength(200);
    expect(record.violations).toHaveLength(50);
    expect(record.violations![49]).toHaveLength(500);
    expect(record.cause!.message).toHaveLength(2_000);
    expect(record.message.endsWith('x…')).toBe(true);
    expect(recordError(long).message).toHaveLength(2_000);
  });

  it('are complete when they just fit', () => {
    expect(recordError(long.slice(0, 2_000)).message).toBe(long.slice(0, 2_000));
  });

  it("never contain half of a surrogate pair, which Redis's JSON library refuses", () => {
    for (let pad = 1_990; pad < 2_001; pad += 1) {
      const { message } = recordError(`${'x'.repeat(pad)}😀😀😀😀😀😀`);
      expect(Buffer.from(message).toString()).toBe(message);
      expect(message).not.toContain('\ufffd');
    }
    expect(recordError('a\ud83db').message).toBe('a\ufffdb');
  });
});
