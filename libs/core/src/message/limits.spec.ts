import { describe, expect, it, test } from '@jest/globals';

import { ConfigError } from '../errors.js';
import { MESSAGE_LIMITS, resolveLimits, type MessageLimits } from './limits.js';

describe('limits', () => {
  test.each([
    ['are the defaults when none are given', undefined, {}],
    ['are the defaults when they are empty', {}, {}],
    ['treat undefined as the default', { depth: undefined, payloadBytes: 5 }, { payloadBytes: 5 }],
    [
      'are kept as given',
      { payloadBytes: 1, depth: 2, headerBytes: 3 },
      {
        payloadBytes: 1,
        depth: 2,
        headerBytes: 3,
      },
    ],
  ])('%s', (_, given, expected) => {
    expect(resolveLimits(given as Partial<MessageLimits>)).toEqual({
      ...MESSAGE_LIMITS,
      ...expected,
    });
  });

  const NAMES = Object.keys(MESSAGE_LIMITS);
  const REFUSED = [0, -1, 1.5, NaN, Infinity, 2 ** 53, '5', null, true];
  test.each(NAMES.flatMap((name) => REFUSED.map((value) => [name, value] as const)))(
    '%s may not be %p',
    (name, value) => {
      const resolve = (): unknown => resolveLimits({ [name]: value });
      expect(resolve).toThrow(ConfigError);
      expect(resolve).toThrow(`Option "limits.${name}" is `);
      expect(resolve).toThrow('; allowed: a whole number, 1 or more.');
    },
  );

  test.each(['payloadbytes', 'maxDepth', 'toString', '__proto__'])(
    'with an unknown name are refused: %s',
    (name) => {
      const limits: unknown = JSON.parse(`{"${name}":5}`);
      expect(() => resolveLimits(limits as Partial<MessageLimits>)).toThrow(
        `Option "${name}" is not known; "limits" takes payloadBytes, depth, headerBytes`,
      );
    },
  );

  test.each([null, 5, 'many'])('may not be %p', (limits) => {
    expect(() => resolveLimits(limits as never)).toThrow('Option "limits" is ');
  });

  it('never change the defaults', () => {
    resolveLimits({ depth: 5 });
    expect(MESSAGE_LIMITS.depth).toBe(64);
    expect(Object.isFrozen(MESSAGE_LIMITS)).toBe(true);
  });
});
