import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { root } from './setup.mjs';

/** A workspace as it should be, in small. */
const GOOD = {
  'tsconfig.json': JSON.stringify({
    compilerOptions: { paths: { '@leanmq/*': ['./libs/*/src/index.ts'] } },
  }),
  'libs/core/package.json': '{ "name": "@leanmq/core", "dependencies": { "ioredis": "*" } }',
  'libs/core/src/errors.ts': 'export class LeanMQError {}',
  'libs/core/src/events.ts': "import './message/index.js'; export const events = 1;",
  'libs/core/src/message/index.ts': "export * from './limits.js';",
  'libs/core/src/message/limits.ts': "import 'node:crypto'; import '../errors.js'; export {};",
  'libs/core/src/redis/index.ts':
    "import { Redis } from 'ioredis'; import '../message/index.js'; export { Redis };",
  'libs/core/src/run/index.ts': "import '../redis/index.js'; import '../events.js'; export {};",
  'libs/core/src/settle/index.ts': "import '../errors.js'; export {};",
  'libs/core/src/leanmq.ts': "import './run/index.js'; import './settle/index.js'; export {};",
  'libs/core/src/index.ts': "export * from './leanmq.js'; export * from './run/index.js';",
  'libs/nestjs/package.json':
    '{ "name": "@leanmq/nestjs", "peerDependencies": { "class-validator": "*" } }',
  'libs/nestjs/src/index.ts': "import '@leanmq/core'; await import('class-validator'); export {};",
  'libs/http/package.json': '{ "name": "@leanmq/http", "dependencies": { "@leanmq/core": "*" } }',
  'libs/http/src/index.ts': "import '@leanmq/core'; import '@leanmq/nestjs'; export {};",
  'apps/orders/package.json': '{ "name": "orders" }',
  'apps/orders/src/main.ts': "import '@leanmq/nestjs';",
};

/** One violation in each file; the files are added to the good workspace. */
const VIOLATIONS = {
  'package-core': ['libs/core/src/a.ts', "import '@leanmq/nestjs';"],
  'package-nestjs': ['libs/nestjs/src/b.ts', "import '@leanmq/http';"],
  'package-entry': ['apps/orders/src/c.ts', "import '../../../libs/core/src/errors.js';"],
  'package-by-name': ['libs/nestjs/src/d.ts', "import '../../core/src/index.js';"],
  'core-third-party': ['libs/core/src/redis/e.ts', "import 'rxjs';"],
  'declared-dependencies': ['libs/nestjs/src/f.ts', "import 'rxjs';"],
  'core-steps-apart': ['libs/core/src/run/g.ts', "import '../settle/index.js';"],
  'core-steps-import': ['libs/core/src/run/h.ts', "import '../leanmq.js';"],
  'core-message': ['libs/core/src/message/i.ts', "import '../events.js';"],
  'core-message-is-pure': ['libs/core/src/message/j.ts', "import 'ioredis';"],
  'core-redis': ['libs/core/src/redis/k.ts', "import '../leanmq.js';"],
  'core-composition-root': ['libs/core/src/l.ts', "import './run/index.js';"],
  'folder-entry': ['libs/core/src/run/m.ts', "import '../message/limits.js';"],
  'folder-entry-from-root': ['libs/core/src/n.ts', "import './message/limits.js';"],
  'no-cycles': ['libs/core/src/message/o.ts', "import type { O } from './o2.js';"],
  resolvable: ['libs/core/src/p.ts', "import './not-there.js';"],
};

const SECOND_HALF_OF_THE_CYCLE = {
  'libs/core/src/message/o2.ts': "import './o.js'; export interface O {}",
};

describe('the import rules', () => {
  /** @type {string[]} */
  const folders = [];

  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  /** @param {Record<string, string>} files */
  function check(files) {
    const folder = mkdtempSync(join(tmpdir(), 'leanmq-imports-'));
    folders.push(folder);
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(root, 'tools/imports.mjs'), folder],
      { encoding: 'utf8' },
    );
    return { status, stdout };
  }

  it('let a workspace pass that keeps to them', () => {
    const { status, stdout } = check(GOOD);
    expect(stdout).toContain('no dependency violations found');
    expect(status).toBe(0);
  });

  describe('make the command fail', () => {
    /** @type {ReturnType<typeof check>} */
    let result;

    beforeAll(() => {
      const bad = Object.fromEntries(Object.values(VIOLATIONS));
      result = check({ ...GOOD, ...SECOND_HALF_OF_THE_CYCLE, ...bad });
    });

    it('with an exit code', () => {
      expect(result.status).toBeGreaterThan(0);
    });

    it.each(Object.entries(VIOLATIONS))('on %s', (rule, [file]) => {
      expect(result.stdout).toMatch(new RegExp(`error ${rule}: ${file}`));
    });
  });
});
