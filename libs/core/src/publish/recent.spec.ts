import { expect, test } from '@jest/globals';

import { Recent } from './recent.js';

interface Thing {
  readonly name: string;
  isBusy: boolean;
}

function recent(): { things: Recent<Thing>; forgotten: string[]; use: (name: string) => Thing } {
  const forgotten: string[] = [];
  const things = new Recent<Thing>(
    100,
    ({ isBusy }) => !isBusy,
    ({ name }) => forgotten.push(name),
  );
  const use = (name: string): Thing => {
    let thing = things.get(name);
    if (thing === undefined) {
      thing = { name, isBusy: false };
      things.set(name, thing);
    }
    return thing;
  };
  return { things, forgotten, use };
}

test('Recent keeps at most twice its minimum when ten thousand entries are used once', () => {
  const { things, forgotten, use } = recent();
  for (let n = 0; n < 10_000; n += 1) use(`${n}`);
  expect(things.size).toBeLessThanOrEqual(200);
  expect(forgotten).toHaveLength(10_000 - things.size);
});

test('Recent keeps an entry that is used again and again', () => {
  const { use } = recent();
  const kept = use('kept');
  for (let n = 0; n < 10_000; n += 1) {
    use(`${n}`);
    if (n % 50 === 0) expect(use('kept')).toBe(kept);
  }
});

test('Recent keeps any number of busy entries and forgets them once they are free', () => {
  const { things, forgotten, use } = recent();
  const busy = Array.from({ length: 5_000 }, (_, n) =>
    Object.assign(use(`${n}`), { isBusy: true }),
  );
  expect(forgotten).toEqual([]);
  expect(new Set(things)).toEqual(new Set(busy));
  for (const thing of busy) thing.isBusy = false;
  things.forget();
  things.forget();
  expect(things.size).toBe(0);
  expect(forgotten).toHaveLength(5_000);
});
