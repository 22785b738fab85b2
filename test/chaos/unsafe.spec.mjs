import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UNSAFE, withoutProtection } from './unsafe.mjs';

const path = fileURLToPath(
  new URL('../../libs/core/src/redis/scripts.generated.ts', import.meta.url),
);
const scripts = readFileSync(path, 'utf8');

describe('a protection that can be switched off', () => {
  it.each(Object.keys(UNSAFE))('is where it is looked for: %s', (mode) => {
    expect(withoutProtection(mode, path, scripts)).not.toBe(scripts);
  });

  it('is missed loudly when the sources have changed', () => {
    expect(() => withoutProtection('maxlen', path, 'something else')).toThrow(/not once/);
  });
});
