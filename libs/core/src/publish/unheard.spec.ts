import { describe, expect, test } from '@jest/globals';

import type { RegisteredRoute } from '../redis/index.js';
import { Unheard } from './unheard.js';

const route = (path: string, groups: string[] = [], formerGroups: string[] = []): RegisteredRoute =>
  ({ path, groups, formerGroups }) as unknown as RegisteredRoute;

function watch(): { unheard: Unheard; told: string[] } {
  const told: string[] = [];
  return { unheard: new Unheard((path) => told.push(path)), told };
}

describe('a path without a group', () => {
  test('is reported once, whether the registry knew it before the send or only afterwards', () => {
    const { unheard, told } = watch();
    unheard.update([route('old'), route('busy', ['g']), route('deleted', [], ['g'])]);
    for (const path of ['old', 'new', 'busy', 'deleted', 'old']) unheard.sent(path);
    expect(told).toEqual(['old']);
    unheard.update([route('old'), route('new'), route('busy', ['g'])]);
    unheard.update([route('old'), route('new'), route('busy', ['g'])]);
    expect(told).toEqual(['old', 'new']);
  });

  test('is not reported when a group was registered together with the route', () => {
    const { unheard, told } = watch();
    unheard.sent('new');
    unheard.update([route('new', ['g'])]);
    unheard.update([route('new')]);
    expect(told).toEqual([]);
  });

  test('is no longer reported after a hundred others', () => {
    const { unheard, told } = watch();
    for (let n = 0; n < 500; n += 1) unheard.sent(`p${n}`);
    unheard.update(Array.from({ length: 500 }, (_, n) => route(`p${n}`)));
    expect(told).toHaveLength(100);
  });
});
