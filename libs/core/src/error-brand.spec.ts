import { beforeAll, describe, expect, it, jest, test } from '@jest/globals';

import { brandOf } from './error-brand.js';
import * as ours from './errors.js';

type AnyClass = abstract new (...given: never[]) => object;

const CLASSES = Object.entries(ours).filter(
  (entry): entry is [string, AnyClass & (typeof entry)[1]] => /^[A-Z]/.test(entry[0]),
);

/** A second copy of the module, as an application that loads both builds has it. */
let theirs: typeof ours;
beforeAll(async () => {
  jest.resetModules();
  theirs = await import('./errors.js');
});

test.each(CLASSES)('%s is branded with its name', (name, type) => {
  expect(brandOf(type)).toBe(name);
});

describe('an error of another copy of the package', () => {
  it('has a class of its own', () => {
    expect(theirs.RejectError).not.toBe(ours.RejectError);
  });

  it('is an instance of the class of the same name and its base classes, but of no other class', () => {
    const full = new theirs.BufferFullError(1);
    expect(full instanceof ours.BufferFullError).toBe(true);
    expect(full instanceof ours.BrokerError).toBe(true);
    expect(full instanceof ours.LeanMQError).toBe(true);
    expect(full instanceof ours.BrokerUnavailableError).toBe(false);
    expect(full instanceof ours.ConfigError).toBe(false);
    expect(new ours.BufferFullError(1) instanceof theirs.BrokerError).toBe(true);
  });

  it('is an instance of our base class when its class is custom, but not of a custom class itself', () => {
    class Gone extends theirs.RejectError {}
    class Away extends ours.RejectError {}
    expect(new Gone() instanceof ours.RejectError).toBe(true);
    expect(new Gone() instanceof Away).toBe(false);
    expect(new Away() instanceof Away).toBe(true);
    expect(new theirs.RejectError() instanceof Away).toBe(false);
  });
});

test.each([
  ['undefined', undefined],
  ['a string', 'REJECTED'],
  ['an Error', new Error('no')],
  ['an object that looks like an error of LeanMQ', { name: 'RejectError', code: 'REJECTED' }],
  [
    'a Proxy that refuses every access',
    new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('no');
        },
      },
    ),
  ],
])('%s is not an error of LeanMQ', (_, value) => {
  expect(value instanceof ours.RejectError).toBe(false);
});
