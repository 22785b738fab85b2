import { expect, test } from '@jest/globals';

import type { RegisteredRoute } from '../redis/index.js';
import { isForgettable } from './route-forgetter.js';

const NOTHING = {
  ...{ path: 'a', createdAt: 10, settings: {}, deletedAt: undefined },
  ...{ groups: [], removedGroups: [], formerGroups: [] },
};
const group = { path: 'a', group: 'g', seenAt: 1, pausedAt: undefined };

test.each<[string, Partial<RegisteredRoute>, boolean]>([
  ['that was registered long ago', {}, true],
  ['that was registered lately', { createdAt: 100 }, false],
  ['of which it is not known when it was registered', { createdAt: 0 }, false],
  ['that has a group', { groups: [group] }, false],
  ['that has settings', { settings: { maxLength: 1 } }, false],
  ['from which a group was removed', { removedGroups: ['g'] }, false],
  ['that was deleted long ago', { createdAt: 0, deletedAt: 10 }, true],
  ['that was deleted lately', { createdAt: 0, deletedAt: 100 }, false],
  ['that was deleted at an instant that cannot be read', { createdAt: 0, deletedAt: 0 }, false],
  ['that was deleted and may have dead letters', { deletedAt: 10, formerGroups: ['g'] }, false],
  ['that was deleted after a group was removed', { deletedAt: 10, removedGroups: ['g'] }, true],
])('a route %s is to be forgotten or not', (_, given, expected) => {
  expect(isForgettable({ ...NOTHING, ...given }, 50)).toBe(expected);
});
