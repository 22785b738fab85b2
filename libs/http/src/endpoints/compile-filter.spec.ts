import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { compileFilter } from './compile-filter.js';
import type { Filter } from './filter.js';

const EVENT = {
  type: 'order.paid',
  headers: { region: 'eu' },
  data: {
    total: 120,
    paid: true,
    note: null,
    country: 'at',
    at: '2026-03-01T12:00:00Z',
    customer: { id: 'c-1', tags: ['vip'] },
  },
};

const holds = (filter: unknown, event = EVENT): boolean => compileFilter(filter as Filter)(event);

describe('a filter', () => {
  test.each<[filter: unknown, expected: boolean]>([
    [{ type: 'order.paid' }, true],
    [{ type: 'order.open' }, false],
    [{ headers: { region: 'eu' } }, true],
    [{ headers: { region: { $ne: 'eu' } } }, false],
    [{ data: { total: 120 } }, true],
    [{ data: { total: '120' } }, false],
    [{ data: { total: { $eq: 120 } } }, true],
    [{ data: { total: { $ne: 120 } } }, false],
    [{ data: { missing: { $ne: 120 } } }, true],
    [{ data: { total: { $gt: 119 } } }, true],
    [{ data: { total: { $gt: 120 } } }, false],
    [{ data: { total: { $gte: 120 } } }, true],
    [{ data: { total: { $lt: 121 } } }, true],
    [{ data: { total: { $lt: 120 } } }, false],
    [{ data: { total: { $lte: 120 } } }, true],
    [{ data: { total: { $gt: 100, $lt: 110 } } }, false],
    [{ data: { total: { $gt: '100' } } }, false],
    [{ data: { missing: { $lt: 5 } } }, false],
    [{ data: { note: { $lt: 5 } } }, false],
    [{ data: { at: { $gte: '2026-01-01' } } }, true],
    [{ data: { country: { $in: ['de', 'at'] } } }, true],
    [{ data: { country: { $in: [] } } }, false],
    [{ data: { country: { $nin: ['de', 'at'] } } }, false],
    [{ data: { missing: { $nin: ['de'] } } }, true],
    [{ data: { note: null } }, true],
    [{ data: { missing: null } }, false],
    [{ data: { note: { $exists: true } } }, true],
    [{ data: { missing: { $exists: true } } }, false],
    [{ data: { missing: { $exists: false } } }, true],
    [{ data: { toString: { $exists: true } } }, false],
    [{ data: { hasOwnProperty: { $exists: false } } }, true],
    [{ type: { $startsWith: 'order.' } }, true],
    [{ data: { total: { $startsWith: '1' } } }, false],
    [{ data: { customer: { id: 'c-1' } } }, true],
    [{ data: { customer: { id: { deeper: 1 } } } }, false],
    [{ data: { customer: { tags: 'vip' } } }, false],
    [{ data: { customer: { tags: { 0: 'vip' } } } }, true],
    [{ data: { country: { $not: { $in: ['at'] } } } }, false],
    [{ data: { customer: { $not: { id: 'c-2' } } } }, true],
    [{ $and: [{ type: 'order.paid' }, { data: { paid: true } }] }, true],
    [{ $and: [{ type: 'order.paid' }, { data: { paid: false } }] }, false],
    [{ $or: [{ type: 'x' }, { data: { paid: true } }] }, true],
    [{ $or: [{ type: 'x' }, { type: 'y' }] }, false],
    [{ $not: { type: 'order.paid' } }, false],
    [{ type: 'order.paid', $not: { data: { total: { $gt: 1_000 } } } }, true],
  ])('%j holds: %p', (filter, expected) => {
    expect(holds(filter)).toBe(expected);
  });

  test.each<[filter: unknown, code: string, field: string, said?: string]>([
    [{ data: { total: { $gtt: 5 } } }, 'FILTER_OPERATOR', 'filter.data.total.$gtt', '"$gt"'],
    [{ data: { total: { $regex: 'a' } } }, 'FILTER_OPERATOR', 'filter.data.total.$regex', '$gt'],
    [{ data: { total: { $toString: 5 } } }, 'FILTER_OPERATOR', 'filter.data.total.$toString', '$'],
    [{ data: { a: { $and: [] } } }, 'FILTER_OPERATOR', 'filter.data.a.$and', '$'],
    [{ $nor: [] }, 'FILTER_OPERATOR', 'filter.$nor', '"$or"'],
    [{ path: 'a' }, 'FILTER_KEY', 'filter.path', 'type, headers, data'],
    [JSON.parse('{"data":{"__proto__":{"a":1}}}'), 'FILTER_KEY', 'filter.data', '__proto__'],
    [{ data: { constructor: { name: 'x' } } }, 'FILTER_KEY', 'filter.data', 'constructor'],
    [{ data: { prototype: 1 } }, 'FILTER_KEY', 'filter.data', 'prototype'],
    [{ data: { [Symbol('a')]: 1 } }, 'FILTER_KEY', 'filter.data', 'Symbol(a)'],
    [{ data: { ['n'.repeat(257)]: 1 } }, 'FILTER_KEY', 'filter.data', '256'],
    [{}, 'FILTER_VALUE', 'filter', 'at least one'],
    [{ data: {} }, 'FILTER_VALUE', 'filter.data', 'at least one'],
    [[], 'FILTER_VALUE', 'filter', 'object'],
    [{ data: [] }, 'FILTER_VALUE', 'filter.data', 'object'],
    [{ data: undefined }, 'FILTER_VALUE', 'filter.data', 'undefined'],
    [{ data: { a: NaN } }, 'FILTER_VALUE', 'filter.data.a', 'NaN'],
    [{ data: { a: /x/ } }, 'FILTER_VALUE', 'filter.data.a', 'object'],
    [{ data: { a: new Map() } }, 'FILTER_VALUE', 'filter.data.a', 'Map'],
    [{ data: { a: { $in: 'x' } } }, 'FILTER_VALUE', 'filter.data.a.$in', 'list'],
    [{ data: { a: { $in: [{}] } } }, 'FILTER_VALUE', 'filter.data.a.$in', 'list'],
    [{ data: { a: { $in: Array(101).fill(1) } } }, 'FILTER_VALUE', 'filter.data.a.$in', '100'],
    [{ data: { a: { $gt: true } } }, 'FILTER_VALUE', 'filter.data.a.$gt', 'a number or a text'],
    [{ data: { a: { $exists: 1 } } }, 'FILTER_VALUE', 'filter.data.a.$exists', 'true or false'],
    [{ data: { a: { $startsWith: 1 } } }, 'FILTER_VALUE', 'filter.data.a.$startsWith', 'a text'],
    [{ data: { a: 'x'.repeat(513) } }, 'FILTER_VALUE', 'filter.data.a', 'text'],
    [{ $or: [] }, 'FILTER_VALUE', 'filter.$or', 'at least one'],
    [{ $and: { type: 'a' } }, 'FILTER_VALUE', 'filter.$and', 'list'],
    [{ $or: [{ type: 'a' }, { tpye: 'b' }] }, 'FILTER_KEY', 'filter.$or[1].tpye', 'type'],
  ])('%j is refused with %s at %s', (filter, code, field, said = '') => {
    expect(() => holds(filter)).toThrow(expect.objectContaining({ code, field }));
    expect(() => holds(filter)).toThrow(said);
  });

  it('may be ten levels deep and have a hundred parts', () => {
    const nested = (levels: number): unknown =>
      levels === 1 ? { type: 'a' } : { $not: nested(levels - 1) };
    expect(() => holds(nested(9))).not.toThrow();
    expect(() => holds(nested(11))).toThrow(expect.objectContaining({ code: 'FILTER_TOO_DEEP' }));
    const wide = (parts: number): unknown => ({
      data: Object.fromEntries(Array.from({ length: parts }, (_, n) => [`p${n}`, { $ne: 1 }])),
    });
    expect(() => holds(wide(49))).not.toThrow();
    expect(() => holds(wide(101))).toThrow(expect.objectContaining({ code: 'FILTER_TOO_LARGE' }));
  });

  it('that refers to itself is refused', () => {
    const filter: Record<string, unknown> = {};
    filter['$not'] = filter;
    expect(() => holds(filter)).toThrow(expect.objectContaining({ code: 'FILTER_TOO_DEEP' }));
  });

  it('answers for any event that JSON can hold', () => {
    const test = compileFilter({
      $or: [{ data: { a: { b: { $gt: 1 } } } }, { $not: { headers: { a: { $exists: true } } } }],
    });
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        expect(typeof test({ type: 'a', headers: {}, data })).toBe('boolean');
      }),
    );
  });
});
