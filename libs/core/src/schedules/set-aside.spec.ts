import { expect, it } from '@jest/globals';

import { SetAside } from './set-aside.js';

const one = { id: 'one', dueAt: 10 };

it('a recurring send that is set aside is skipped for a minute and is news once', () => {
  const aside = new SetAside();
  expect(aside.has(one, 0)).toBe(false);
  expect(aside.add(one, 0)).toBe(true);
  expect(aside.has(one, 59_999)).toBe(true);
  expect(aside.has(one, 60_000)).toBe(false);
  expect(aside.add(one, 60_000)).toBe(false);
  expect(aside.has(one, 60_001)).toBe(true);
});

it('a recurring send that is due at another instant is tried again, and is news when it fails', () => {
  const aside = new SetAside();
  aside.add(one, 0);
  const later = { ...one, dueAt: 11 };
  expect(aside.has(later, 0)).toBe(false);
  expect(aside.add(later, 0)).toBe(true);
});

it('a recurring send that is no longer due is forgotten', () => {
  const aside = new SetAside();
  aside.add(one, 0);
  aside.add({ id: 'two', dueAt: 10 }, 0);
  aside.keepOnly([one, { id: 'two', dueAt: 20 }]);
  expect(aside.size).toBe(1);
  expect(aside.has(one, 0)).toBe(true);
});
