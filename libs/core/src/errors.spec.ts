import { readFileSync } from 'node:fs';
import { types } from 'node:util';

import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import {
  BrokerRefusedError,
  BrokerUnavailableError,
  BufferFullError,
  ClosedError,
  ConfigError,
  HandlerTimeoutError,
  InvalidDeliveryError,
  InvalidMessageError,
  LeaseLostError,
  LeanMQError,
  MessageIdConflictError,
  MessageTooLargeError,
  RejectError,
  RetryError,
  ShutdownError,
  UndecodableError,
  show,
  toError,
} from './errors.js';

function refuse(): never {
  throw new Error('no');
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const HOSTILE: readonly [string, unknown][] = [
  ['a revoked Proxy', revoked({})],
  ['a revoked Proxy of a function', revoked(refuse)],
  ['a Proxy that refuses everything', new Proxy({}, { get: refuse, getPrototypeOf: refuse })],
  ['an object without a prototype', Object.create(null)],
  ['an object whose toString throws', { toString: refuse, toJSON: refuse }],
  ['an object whose constructor throws', Object.defineProperty({}, 'constructor', { get: refuse })],
  ['an object whose constructor is not a function', { constructor: 'Order' }],
  ['a function whose name throws', Object.defineProperty(() => 0, 'name', { get: refuse })],
  [
    'a function whose name is a symbol',
    Object.defineProperty(() => 0, 'name', { value: Symbol() }),
  ],
];

describe('show', () => {
  class Order {
    readonly id = 1;
  }

  test.each([
    ['"orders"', 'orders'],
    ['"a\\"\\n"', 'a"\n'],
    ['""', ''],
    ['5', 5],
    ['NaN', NaN],
    ['10', 10n],
    ['true', true],
    ['null', null],
    ['undefined', undefined],
    ['Symbol(s)', Symbol('s')],
    ['an array', [1, 2]],
    ['an object (Object)', { password: 'secret' }],
    ['an object (Order)', new Order()],
    ['a function (Order)', Order],
    ['a function (anonymous)', () => 1],
    ['an object (Object)', Object.create(null)],
  ])('renders a value as %s', (text, value: unknown) => {
    expect(show(value)).toBe(text);
  });

  it.each([
    ['a string', 'x'.repeat(1_000_000)],
    ['a BigInt', 10n ** 10_000n],
    ['a symbol', Symbol('x'.repeat(1_000_000))],
    ['a name', Object.defineProperty(() => 0, 'name', { value: 'x'.repeat(1_000_000) })],
  ])('shortens %s that is long', (_, value: unknown) => {
    expect(show(value).length).toBeLessThan(120);
    expect(show(value)).toContain('…');
  });

  test.each(HOSTILE)('never throws for %s', (_, value) => {
    expect(typeof show(value)).toBe('string');
  });

  it('never throws for any value', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => {
        expect(show(value).length).toBeLessThan(600);
      }),
    );
  });
});

describe('toError', () => {
  it('leaves an Error unchanged', () => {
    const error = new RangeError('boom');
    expect(toError(error)).toBe(error);
  });

  it("leaves an Error of another realm unchanged, such as Node's own errors in a sandbox", () => {
    try {
      readFileSync('/does/not/exist');
    } catch (error) {
      expect(types.isNativeError(error)).toBe(true);
      expect(toError(error)).toBe(error);
    }
    expect.assertions(2);
  });

  test.each([
    ['a string', 'boom', 'boom'],
    ['undefined', undefined, 'undefined'],
    ['a number', 5, '5'],
    ['an object', { status: 500 }, 'an object (Object)'],
  ])('turns %s into an Error and keeps it as the cause', (_, thrown, message) => {
    const error = toError(thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe(message);
    expect(error.cause).toBe(thrown);
  });

  test.each(HOSTILE)('never throws for %s', (_, thrown) => {
    expect(toError(thrown)).toBeInstanceOf(Error);
  });
});

describe('an error of LeanMQ', () => {
  const cause = new Error('because');

  test.each<[string, LeanMQError, string, boolean]>([
    ['ConfigError', new ConfigError('x'), 'CONFIG_INVALID', false],
    ['ConfigError', ConfigError.option('a', 1, 'b'), 'CONFIG_INVALID', false],
    ['InvalidMessageError', new InvalidMessageError('x'), 'MESSAGE_INVALID', false],
    ['InvalidDeliveryError', new InvalidDeliveryError('x'), 'DELIVERY_INVALID', false],
    ['MessageTooLargeError', new MessageTooLargeError('x'), 'MESSAGE_TOO_LARGE', false],
    ['UndecodableError', new UndecodableError('x'), 'MESSAGE_UNDECODABLE', false],
    [
      'MessageIdConflictError',
      new MessageIdConflictError('id', 'path'),
      'MESSAGE_ID_CONFLICT',
      false,
    ],
    [
      'BrokerUnavailableError',
      new BrokerUnavailableError('x', 'unknown'),
      'BROKER_UNAVAILABLE',
      true,
    ],
    ['BufferFullError', new BufferFullError(1), 'BUFFER_FULL', true],
    ['BrokerRefusedError', new BrokerRefusedError('x', {}), 'BROKER_REFUSED', false],
    ['LeaseLostError', new LeaseLostError(), 'LEASE_LOST', false],
    ['HandlerTimeoutError', new HandlerTimeoutError(5), 'HANDLER_TIMEOUT', true],
    ['ShutdownError', new ShutdownError(), 'SHUTDOWN', true],
    ['ClosedError', new ClosedError(), 'CLOSED', false],
    ['RejectError', new RejectError(), 'REJECTED', false],
    ['RetryError', new RetryError({ afterMs: 5 }), 'RETRY', true],
  ])('%s has its code and tells whether a retry may help', (name, error, code, retryable) => {
    expect(error).toBeInstanceOf(LeanMQError);
    expect(error.code).toBe(code);
    expect(error.retryable).toBe(retryable);
    expect(error.name).toBe(name);
    expect('cause' in error).toBe(false);
  });

  test.each<[string, Error]>([
    ['RejectError', new RejectError('no', { cause })],
    ['RetryError', new RetryError({ afterMs: 0, cause })],
    ['UndecodableError', new UndecodableError('no', { cause })],
    ['BrokerUnavailableError', new BrokerUnavailableError('no', 'not-sent', { cause })],
  ])('%s keeps its cause', (_, error) => {
    expect(error.cause).toBe(cause);
  });

  it('about an option names the option, the value given and the values allowed', () => {
    expect(ConfigError.option('leaseMs', 'soon', 'a whole number, 100 or more').message).toBe(
      'Option "leaseMs" is "soon"; allowed: a whole number, 100 or more.',
    );
  });

  test.each([-1, NaN, Infinity, '5', undefined, null])(
    'RetryError refuses %p as afterMs',
    (given) => {
      expect(() => new RetryError({ afterMs: given as number })).toThrow('Option "afterMs" is ');
    },
  );

  it('RetryError counts as an attempt by default', () => {
    expect(new RetryError({ afterMs: 1.5 })).toMatchObject({ afterMs: 1.5, free: false });
    expect(new RetryError({ afterMs: 0, free: true })).toMatchObject({ afterMs: 0, free: true });
  });
});
