import { describe, expect, it } from '@jest/globals';

import { Scenario } from './scenario.js';
import { violationsOf } from './verdict.js';

describe('checkBounds', () => {
  it('reports a publish that never settled', () => {
    const scenario = new Scenario().sent(1, { status: 'unknown', isOpen: true });
    expect(
      violationsOf(
        scenario.process({ pid: 1, endedAt: 9, signal: null, code: 0, endedBy: 'term' }),
      ),
    ).toEqual(['neverSettled']);
  });
});
