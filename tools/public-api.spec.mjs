import { readFileSync } from 'node:fs';

import { beforeAll, describe, expect, test } from '@jest/globals';

import { PACKAGES, publicApis, snapshotOf } from './public-api.mjs';

/** @type {Map<string, string>} */
let apis;
beforeAll(() => {
  apis = publicApis();
});

/** @param {string} name @param {string} heading */
const namesUnder = (name, heading) =>
  (apis.get(name)?.split(`// ${heading}\n`)[1]?.split('\n\n//')[0] ?? '').split('\n');

describe('the public API', () => {
  test.each(PACKAGES)(
    'of @leanmq/%s changes only together with its snapshot: npm run api',
    (name) => {
      expect(apis.get(name)).toBe(readFileSync(snapshotOf(name), 'utf8'));
    },
  );

  test('of @leanmq/nestjs has every name of @leanmq/core', () => {
    const core = namesUnder('core', 'Exported')
      .map(
        (line) =>
          /^export (?:declare )?(?:const|class|function|type|interface) (\w+)/.exec(line)?.[1],
      )
      .filter((name) => name !== undefined);
    expect(core.length).toBeGreaterThan(100);
    expect(namesUnder('nestjs', 'Exported again from another package')).toEqual(
      expect.arrayContaining(core),
    );
  });
});
