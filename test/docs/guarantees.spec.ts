import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

const root = new URL('../../', import.meta.url);

/** The rows of the table of guarantees, each with its cell of tests. */
const rows = [
  ...readFileSync(new URL('docs/guarantees.md', root), 'utf8')
    .replace(/## Their limits.*/s, '')
    .matchAll(/^\| (?!guarantee |-)(.+?) +\| (.+?) +\|$/gm),
].map(([, guarantee = '', tests = '']) => ({ guarantee, tests }));

describe('the page of guarantees', () => {
  test('names a test for each', () => {
    expect(rows.length).toBeGreaterThan(25);
    expect(rows.filter(({ tests }) => !tests.startsWith('`test/'))).toEqual([]);
  });

  test('names tests that exist', () => {
    const named = rows.flatMap(({ tests }) => [
      ...tests.matchAll(/`([^`]+)`(?:: (.+?))?(?=, `|$)/g),
    ]);
    const missing = named
      .filter(([, file = '', name = '']) => {
        const path = new URL(file, root);
        return !existsSync(path) || !readFileSync(path, 'utf8').includes(name);
      })
      .map(([whole]) => whole);
    expect(missing).toEqual([]);
  });
});
