import { describe, expect, it } from '@jest/globals';

import { ByteBudget, readCount, sizeOf } from './byte-budget.js';

const MIB = 1024 * 1024;

describe('the count of a read', () => {
  it.each([
    { of: 'small messages, by room', args: [40, 1, 100, 16 * MIB], count: 40 },
    { of: 'small messages, whatever the room', args: [1_000, 1, 100, 16 * MIB], count: 256 },
    { of: 'messages of an unknown size', args: [1_000, 1, 0, 16 * MIB], count: 256 },
    { of: 'large messages, by bytes', args: [1_000, 1, 256 * 1024, 16 * MIB], count: 64 },
    { of: 'large messages of many routes', args: [1_000, 8, 256 * 1024, 16 * MIB], count: 8 },
    { of: 'many routes, together', args: [1_000, 25, 100, 16 * MIB], count: 10 },
    {
      of: 'more routes than a read may have messages',
      args: [1_000, 500, 100, 16 * MIB],
      count: 1,
    },
    { of: 'messages larger than a reply', args: [16, 1, 32 * MIB, 16 * MIB], count: 1 },
  ])('counts $of', ({ args: [appetite, routes, entryBytes, replyBytes], count }) => {
    expect(
      readCount(appetite as number, routes as number, entryBytes as number, replyBytes as number),
    ).toBe(count);
  });
});

it('a budget that is nearly used up has nothing left until a quarter is free', () => {
  const budget = new ByteBudget(1_000);
  budget.take(700);
  expect(budget.leftBytes).toBe(300);
  budget.take(100);
  expect(budget.leftBytes).toBe(0);
  budget.giveBack(60);
  expect(budget.leftBytes).toBe(260);
});

it('the size of an entry is that of all its fields', () => {
  expect(sizeOf(['d', '123', 'h', '{}'])).toBe(7);
});
