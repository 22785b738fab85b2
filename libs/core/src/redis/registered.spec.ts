import { describe, expect, test } from '@jest/globals';

import { readRoutes } from './registered.js';

describe('the registry', () => {
  test('distinguishes its fields, whatever the paths', () => {
    const routes = readRoutes({
      version: '7',
      'route:a': '100',
      'route:group:x:a': '200',
      'group:g:a': '110',
      'group:h:a': '120',
      'paused:g:a': '130',
      'group:g:group:x:a': '210',
      'setting:maxLength:a': '5',
      'setting:retention:a': '{"ageMs":60000}',
      'setting:maxLength:group:x:a': '6',
      'removed:old:a': '90',
      'deleted:b:c': '300',
      'former:g:b:c': '290',
    });
    expect(routes).toEqual([
      {
        path: 'a',
        createdAt: 100,
        deletedAt: undefined,
        settings: { maxLength: 5, retention: { ageMs: 60_000 } },
        groups: [
          { path: 'a', group: 'g', seenAt: 110, pausedAt: 130 },
          { path: 'a', group: 'h', seenAt: 120, pausedAt: undefined },
        ],
        removedGroups: ['old'],
        formerGroups: [],
      },
      {
        path: 'group:x:a',
        createdAt: 200,
        deletedAt: undefined,
        settings: { maxLength: 6 },
        groups: [{ path: 'group:x:a', group: 'g', seenAt: 210, pausedAt: undefined }],
        removedGroups: [],
        formerGroups: [],
      },
      {
        path: 'b:c',
        createdAt: 0,
        deletedAt: 300,
        settings: {},
        groups: [],
        removedGroups: [],
        formerGroups: ['g'],
      },
    ]);
  });

  test('is empty while nothing is registered, and ignores unknown fields', () => {
    expect(readRoutes({})).toEqual([]);
    expect(readRoutes({ version: '1', 'new-kind:a': 'x' })).toEqual([]);
  });
});
