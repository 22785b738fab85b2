import { describe, expect, it, test } from '@jest/globals';

import { ConfigError } from '../errors.js';
import { validGroup, validMessageId, validPrefix } from './names.js';

const NOT_STRINGS: readonly [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 7],
  ['a list', ['orders']],
  ['an object', { toString: () => 'orders' }],
];

function expectRefusal(option: string, check: () => unknown): void {
  expect(check).toThrow(ConfigError);
  expect(check).toThrow(`Option "${option}" is `);
  expect(check).toThrow('; allowed: 1 to ');
}

describe('a group', () => {
  test.each(['orders', 'a', 'Orders-2.eu_west', '-', 'a'.repeat(128)])('may be %j', (group) => {
    expect(validGroup(group)).toBe(group);
  });

  test.each([
    ['empty', ''],
    ['too long', 'a'.repeat(129)],
    // A colon separates the parts of a key.
    ['a colon', 'orders:eu'],
    ['braces', '{orders}'],
    ['a slash', 'orders/eu'],
    ['a space', 'orders eu'],
    ['a newline at the end', 'orders\n'],
    ['a letter beyond ASCII', 'größe'],
    ...NOT_STRINGS,
  ])('may not be or have: %s', (_, group) => {
    expectRefusal('group', () => validGroup(group as string));
  });
});

describe('a prefix', () => {
  test.each([
    'leanmq',
    'acme:prod',
    'a.b_c-d:e',
    '{shop}',
    '{shop}:prod',
    'acme:{shop}',
    'acme{shop}prod',
    'quarantine',
    'a'.repeat(128),
  ])('may be %j', (prefix) => {
    expect(validPrefix(prefix)).toBe(prefix);
  });

  test.each([
    ['empty', ''],
    ['too long', 'a'.repeat(129)],
    ['two hash tags', '{a}{b}'],
    ['an empty hash tag', '{}'],
    ['an open brace', 'a{b'],
    ['a closing brace', 'a}b'],
    ['nested braces', '{{a}}'],
    ['a slash', 'acme/prod'],
    ['a newline at the end', 'leanmq\n'],
    ['an emoji', '😀'],
    ...NOT_STRINGS,
  ])('may not be or have: %s', (_, prefix) => {
    expectRefusal('prefix', () => validPrefix(prefix as string));
  });

  test.each(['acme:{order}:inbox', 'acme:{order}:sent:x', 'acme:quarantine'])(
    'may not be %j, which is one of the keys of the prefix "acme"',
    (prefix) => {
      expectRefusal('prefix', () => validPrefix(prefix));
    },
  );
});

describe("a caller's message id", () => {
  test.each(['ORD-1', ' ', '{a}:b/c', 'größe 😀', 'a'.repeat(256), '😀'.repeat(256)])(
    'may be %j',
    (id) => {
      expect(validMessageId(id)).toBe(id);
    },
  );

  test.each([
    ['empty', ''],
    ['too long', 'a'.repeat(257)],
    ['too long in characters', '😀'.repeat(257)],
    ['a newline', 'a\nb'],
    ['a NUL byte', '\u0000'],
    ['DEL', 'a\u007f'],
    ['a C1 control character', 'a\u0085'],
    ...NOT_STRINGS,
  ])('may not be or have: %s', (_, id) => {
    expectRefusal('messageId', () => validMessageId(id as string));
  });

  it('may not contain half of a surrogate pair, because Redis would get the same character for each of them', () => {
    expect(Buffer.from('\ud800')).toEqual(Buffer.from('\udfff'));
    expectRefusal('messageId', () => validMessageId('a\ud800'));
    expectRefusal('messageId', () => validMessageId('\udfffa'));
  });
});
