import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { ConfigError } from '../errors.js';
import { displayPath, normalizePath } from './path.js';

/** Paths as people may write them, in any script and with any slashes. */
const paths = fc
  .array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constantFrom('/', '%', '{}')))
  .map((parts) => parts.join(''))
  .filter(isAccepted);

function isAccepted(path: string): boolean {
  try {
    normalizePath(path);
    return true;
  } catch {
    return false;
  }
}

describe('a path', () => {
  test.each([
    ['order/status', 'order/status'],
    ['/order/status/', 'order/status'],
    ['/order/status', 'order/status'],
    ['order/status/', 'order/status'],
    ['///order/status///', 'order/status'],
    ['/a//b/', 'a//b'],
    ['/a_b/', 'a_b'],
    ['/A/', 'A'],
    [' a ', ' a '],
    ['/a b/', 'a b'],
    ['/größe/😀/', 'größe/😀'],
    ['/{id}/100%/', '{id}/100%'],
    ['/../', '..'],
  ])('%j means %j', (path, normal) => {
    expect(normalizePath(path)).toBe(normal);
  });

  test.each([
    ['/a/b', '/a_b'],
    ['/a/b', '/a//b'],
    ['/a', '/A'],
    ['/a', '/a '],
    ['/%7B', '/{'],
    ['/é', '/e\u0301'],
  ])('%j differs from the path %j', (one, other) => {
    expect(normalizePath(one)).not.toBe(normalizePath(other));
  });

  it('is unchanged once it is in its canonical form', () => {
    fc.assert(
      fc.property(paths, (path) => {
        const normal = normalizePath(path);
        expect(normalizePath(normal)).toBe(normal);
      }),
    );
  });

  it('ignores any number of outer slashes', () => {
    const slashes = fc.nat({ max: 3 }).map((count) => '/'.repeat(count));
    fc.assert(
      fc.property(slashes, paths, slashes, (before, path, after) => {
        expect(normalizePath(before + path + after)).toBe(normalizePath(path));
      }),
    );
  });

  it('is displayed as people write it, and can be parsed again', () => {
    expect(displayPath('order/status')).toBe('/order/status/');
    fc.assert(
      fc.property(paths, (path) => {
        const normal = normalizePath(path);
        expect(normalizePath(displayPath(normal))).toBe(normal);
      }),
    );
  });

  it('is still normalized correctly after thousands of others', () => {
    expect(normalizePath('/first/')).toBe('first');
    for (let index = 0; index < 5_000; index += 1) normalizePath(`/many/${index}/`);
    expect(normalizePath('/first/')).toBe('first');
    expect(normalizePath('/many/4999/')).toBe('many/4999');
  });
});

describe('a path of 512 bytes', () => {
  test.each([
    ['one byte', 'a', 512],
    ['two bytes', 'é', 256],
    ['four bytes', '😀', 128],
  ])('is accepted, and one more character of %s is not', (_, character, count) => {
    const longest = character.repeat(count);
    expect(normalizePath(`//${longest}//`)).toBe(longest);
    expect(() => normalizePath(longest + character)).toThrow(ConfigError);
  });
});

describe('an invalid path', () => {
  test.each([
    ['nothing', ''],
    ['a slash', '/'],
    ['only slashes', '////'],
    ['a newline', '/a\nb/'],
    ['a carriage return', 'a\r'],
    ['a NUL byte', 'a\u0000b'],
    ['a tab', '\t'],
    ['DEL', 'a\u007f'],
    ['a C1 control character', 'a\u0085b'],
    ['the first half of a surrogate pair', 'a\ud83d'],
    ['the second half of a surrogate pair', '\ude00a'],
    ['surrogates in the wrong order', '\ude00\ud83d'],
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['a list', ['a']],
    ['a symbol', Symbol('a')],
    ['an object', { toString: () => 'a' }],
  ])('%s is refused', (_, path) => {
    expect(() => normalizePath(path as string)).toThrow(
      expect.objectContaining({
        constructor: ConfigError,
        code: 'PATH_INVALID',
        message: expect.stringContaining('1 to 512 bytes'),
      }),
    );
  });

  it('is shown in the error, without control characters', () => {
    expect(() => normalizePath('/a\nb/')).toThrow('Path "/a\\nb/" is not a webhook path');
  });
});
