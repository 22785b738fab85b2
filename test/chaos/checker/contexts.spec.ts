import { describe, expect, it } from '@jest/globals';

import { healthy, violationsOf } from './verdict.js';

describe('checkContexts', () => {
  it('reports a handler that sees the context of another message', () => {
    const leak = healthy().history({ e: 'leak', at: 2_000, from: 1, into: 'handler' });
    expect(violationsOf(leak)).toEqual(['contextLeaked']);
  });

  it('reports a handler whose payload differs from what was sent', () => {
    expect(violationsOf(healthy().history({ e: 'damaged', at: 2_000, n: 1 }))).toEqual(['damaged']);
  });
});
