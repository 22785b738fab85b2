import { ConfigError } from '@leanmq/core';
import { describe, expect, test } from '@jest/globals';

import { joinPath } from './path.js';

describe('joinPath', () => {
  test.each([
    ['/order', '/status/', 'order/status'],
    ['order/', 'status', 'order/status'],
    ['', '/status/', 'status'],
    ['/order/', '', 'order'],
    ['/order/', '/', 'order'],
    ['/v1/order', 'item//status', 'v1/order/item//status'],
  ])('%j and %j make %j', (prefix, path, joined) => {
    expect(joinPath(prefix, path)).toBe(joined);
  });

  test.each([
    ['', ''],
    ['/', '///'],
    [undefined as never, '/a'],
    ['/a', 7 as never],
    ['/a', 'b\u0000'],
  ])('%j and %j make none', (prefix, path) => {
    expect(() => joinPath(prefix, path)).toThrow(ConfigError);
  });
});
