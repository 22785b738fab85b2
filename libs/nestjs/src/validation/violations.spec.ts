import { describe, expect, test } from '@jest/globals';

import { describeViolations, violationsOf, type PropertyError } from './violations.js';

const sku: PropertyError = {
  property: 'sku',
  constraints: { isString: 'sku must be a string', minLength: 'sku is too short' },
};

describe('violationsOf', () => {
  test.each<[string, PropertyError[], string[]]>([
    ['nothing', [], []],
    ['each constraint of a property', [sku], ['sku must be a string', 'sku is too short']],
    [
      'a nested object',
      [{ property: 'item', children: [sku] }],
      ['item.sku must be a string', 'item.sku is too short'],
    ],
    [
      'an element of an array',
      [{ property: 'items', children: [{ property: '3', children: [sku] }] }],
      ['items.3.sku must be a string', 'items.3.sku is too short'],
    ],
    [
      'a text that does not begin with the property',
      [
        {
          property: 'order',
          children: [{ property: 'tags', constraints: { max: 'each value in tags is too long' } }],
        },
      ],
      ['order.tags: each value in tags is too long'],
    ],
    [
      'a property and what is in it',
      [
        {
          property: 'a',
          constraints: { x: 'a is wrong' },
          children: [{ property: 'b', constraints: { y: 'b, too' } }],
        },
      ],
      ['a is wrong', 'a.b, too'],
    ],
  ])('%s', (_, errors, expected) => {
    expect(violationsOf(errors)).toEqual(expected);
  });

  test('begins with the way to the object', () => {
    expect(violationsOf([sku], 'item')[0]).toBe('item.sku must be a string');
  });
});

describe('describeViolations', () => {
  test.each([
    [['a'], 'The payload is not a valid Order: a.'],
    [['a', 'b', 'c'], 'The payload is not a valid Order: a; b; c.'],
    [['a', 'b', 'c', 'd', 'e'], 'The payload is not a valid Order: a; b; c (and 2 more).'],
  ])('%j', (violations, text) => {
    expect(describeViolations('Order', violations)).toBe(text);
  });
});
