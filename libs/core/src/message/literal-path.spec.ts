import { describe, expect, it, test } from '@jest/globals';

import { literalPath } from './literal-path.js';
import { normalizePath } from './path.js';

describe('a path that looks like a pattern, a parameter, a query or a URL', () => {
  test.each([
    ['http://orders:3000/status', /is a URL.*give the path alone/],
    ['https://example.com', /is a URL/],
    ['redis://localhost/a', /is a URL/],
    ['*', /looks like a pattern.*register it for each path/],
    ['/order/*', /looks like a pattern/],
    ['/order/**/', /looks like a pattern/],
    ['order.*.status', /looks like a pattern/],
    ['/order/+/status', /looks like a pattern/],
    ['order.>', /looks like a pattern/],
    ['/order/:id', /has a parameter.*in the payload/],
    ['/:tenant/order', /has a parameter/],
    ['/order?id=1', /has a query/],
    ['/order/:id?', /has a parameter/],
    ['/order/#', /has a "#"/],
    ['/order#top', /has a "#"/],
  ])('is refused: %s', (path, message) => {
    expect(() => literalPath(path)).toThrow(message);
    expect(() => literalPath(path)).toThrow(`Path "${path}" `);
    expect(() => literalPath(path)).toThrow(expect.objectContaining({ code: 'PATH_INVALID' }));
    // Messages stored under such a name can still be inspected and drained.
    expect(normalizePath(path)).not.toBe('');
  });
});

test.each(['orders*', 'orders?', 'at/12:30', 'a:b', '{a}', 'größe', 'a+b', 'v1.2', 'a>b', 'a//b'])(
  'a path may contain special characters: %s',
  (path) => {
    expect(literalPath(`/${path}/`)).toBe(path);
    expect(literalPath(`/${path}/`)).toBe(path);
  },
);

it('an empty or non-string value is refused as a path', () => {
  expect(() => literalPath('')).toThrow('is not a webhook path');
  expect(() => literalPath(5 as unknown as string)).toThrow('is not a webhook path');
});
