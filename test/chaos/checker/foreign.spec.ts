import { describe, expect, it } from '@jest/globals';

import type { Scenario } from './scenario.js';
import { healthy, violationsOf } from './verdict.js';

describe('an entry that a foreign tool wrote', () => {
  const written = (): Scenario =>
    healthy().fault({
      ...{ kind: 'foreign-entry', from: 1_000, to: 1_001 },
      foreign: { path: 'chaos/one', entryId: '1000-0', shape: 'not JSON' },
    });

  it('ends as an undecodable dead letter of each group', () => {
    const both = written()
      .foreignDead('a', '1000-0', 'undecodable')
      .foreignDead('b', '1000-0', 'undecodable');
    expect(violationsOf(both)).toEqual([]);
  });

  it('is reported as missing in a group without its dead letter', () => {
    const one = written().foreignDead('a', '1000-0', 'undecodable');
    expect(violationsOf(one)).toEqual(['foreignNotBuried']);
  });

  it('is reported when it has two dead letters, or one with another reason', () => {
    const odd = written()
      .foreignDead('a', '1000-0', 'undecodable')
      .foreignDead('a', '1000-0', 'undecodable')
      .foreignDead('b', '1000-0', 'poison');
    expect(violationsOf(odd)).toEqual(['foreignBuriedTwice', 'foreignDiedOfElse']);
  });
});
