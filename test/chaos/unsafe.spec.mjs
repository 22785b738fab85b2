import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UNSAFE, withoutProtection } from './unsafe.mjs';

/** @param {string} file */
function read(file) {
  const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
  return { path, contents: readFileSync(path, 'utf8') };
}

describe('a protection of the core', () => {
  it.each(Object.keys(UNSAFE))('can be switched off by --unsafe %s', (mode) => {
    for (const { file } of UNSAFE[mode] ?? []) {
      const { path, contents } = read(file);
      expect(withoutProtection(mode, path, contents)).not.toBe(contents);
    }
  });

  it('fails to be switched off when the sources have changed', () => {
    const { path } = read('libs/core/src/redis/scripts.generated.ts');
    expect(() => withoutProtection('maxlen', path, 'something else')).toThrow(/not once/);
  });
});
