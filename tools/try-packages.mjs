/**
 * Installs the packed libraries into throwaway applications, one of each kind that is supported,
 * and uses them there: compiles with the application's own TypeScript, runs its tests, runs it.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from './pack.mjs';
import { RedisServer } from './redis/server.mjs';
import { root, setUp } from './setup.mjs';
import { resultsArguments } from './test-results.mjs';
import { libraries, run } from './workspace.mjs';

/** Packages installed in each trial application; the other packages have their own trials. */
const TRIED = ['@leanmq/core', '@leanmq/nestjs', '@leanmq/http'];
const APPLICATIONS = ['nest11-cjs', 'nest12-esm'];
/** Long enough for a slow machine; an application that leaks never ends at all. */
const TIMEOUT_MS = 60_000;

/**
 * @param {string} name
 * @param {string} folder
 * @param {string[]} tarballs
 * @param {string} redisUrl
 */
async function tryApplication(name, folder, tarballs, redisUrl) {
  const say = (/** @type {string} */ what) => console.log(`${name}: ${what}`);
  cpSync(join(root, 'test/packages', name), folder, { recursive: true });
  const node = (/** @type {string[]} */ words, env = {}) =>
    run(process.execPath, words, { cwd: folder, env, timeoutMs: TIMEOUT_MS });

  say('installs the packed libraries');
  const words = ['install', '--no-audit', '--no-package-lock', '--loglevel=error', ...tarballs];
  await run('npm', words, { cwd: folder, quiet: true });

  say(`compiles with TypeScript ${versionOf(folder, 'typescript')}`);
  await node(['node_modules/typescript/bin/tsc', '-p', '.']);

  say(`runs its tests on Nest ${versionOf(folder, '@nestjs/core')}`);
  await node(
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      ...resultsArguments(name),
    ],
    { REDIS_URL: redisUrl, PREFIX: `${name}-test` },
  );

  say('runs');
  await node(['dist/main.js'], { REDIS_URL: redisUrl, PREFIX: name });
}

/**
 * @param {string} folder
 * @param {string} dependency
 */
function versionOf(folder, dependency) {
  const manifest = join(folder, 'node_modules', dependency, 'package.json');
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}

setUp();
await run(process.execPath, [join(root, 'tools/build.mjs')]);
const folder = mkdtempSync(join(tmpdir(), 'leanmq-try-'));
const redis = await RedisServer.start({ say: console.log });
try {
  const tarballs = [];
  for (const library of libraries().filter(({ name }) => TRIED.includes(name))) {
    tarballs.push(await pack(library, folder));
  }
  for (const name of APPLICATIONS) {
    await tryApplication(name, join(folder, name), tarballs, redis.url);
  }
  console.log(`The packed libraries work in ${APPLICATIONS.join(' and ')}.`);
} finally {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
}
