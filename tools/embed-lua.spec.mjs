import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { constantName, embedLua } from './embed-lua.mjs';

describe('embedLua', () => {
  /** @type {string} */
  let folder;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'leanmq-lua-'));
    mkdirSync(join(folder, 'scripts'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const generated = () => readFileSync(join(folder, 'scripts.generated.ts'), 'utf8');

  it('exports each script as it is, under a name that comes from its file', async () => {
    const lua = '#!lua flags=allow-oom\n-- `quotes` ${and} "escapes"\\n\nreturn 1\n';
    writeFileSync(join(folder, 'scripts', 'take-over.lua'), lua);
    writeFileSync(join(folder, 'scripts', 'notes.txt'), 'not a script');

    expect(embedLua(folder)).toBe('written');

    // The module is plain JavaScript, so that it can be tried as such.
    const javascript = `data:text/javascript,${encodeURIComponent(generated())}`;
    expect({ ...(await import(javascript)) }).toEqual({ takeOverLua: lua });
  });

  it('puts the parts that scripts share in their places', () => {
    mkdirSync(join(folder, 'scripts', 'parts'));
    writeFileSync(join(folder, 'scripts', 'parts', 'one.lua'), 'local one = 1\n');
    writeFileSync(join(folder, 'scripts', 'ack.lua'), '#!lua\n-- part: one\nreturn one\n');

    embedLua(folder);

    expect(generated()).toContain(JSON.stringify('#!lua\nlocal one = 1\nreturn one\n'));
    writeFileSync(join(folder, 'scripts', 'ack.lua'), '-- part: two\n');
    expect(() => embedLua(folder)).toThrow('two.lua');
  });

  it('leaves the file alone when nothing has changed', () => {
    writeFileSync(join(folder, 'scripts', 'ack.lua'), 'return 1');
    embedLua(folder);
    const { mtimeNs } = statSync(join(folder, 'scripts.generated.ts'), { bigint: true });

    expect(embedLua(folder)).toBe('unchanged');
    expect(statSync(join(folder, 'scripts.generated.ts'), { bigint: true }).mtimeNs).toBe(mtimeNs);

    writeFileSync(join(folder, 'scripts', 'ack.lua'), 'return 2');
    expect(embedLua(folder)).toBe('written');
    expect(generated()).toContain('return 2');
  });

  it('writes a valid module for an empty or missing folder of scripts', () => {
    expect(embedLua(folder)).toBe('written');
    expect(generated()).toContain('export {};');

    rmSync(join(folder, 'scripts'), { recursive: true });
    expect(embedLua(folder)).toBe('unchanged');
  });

  it('does nothing where there is no such package', () => {
    expect(embedLua(join(folder, 'absent'))).toBe('absent');
  });
});

it.each([
  ['ack.lua', 'ackLua'],
  ['take-over.lua', 'takeOverLua'],
  ['append_batch.lua', 'appendBatchLua'],
])('%s becomes %s', (fileName, name) => {
  expect(constantName(fileName)).toBe(name);
});
