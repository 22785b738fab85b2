/**
 * The ways to get a Redis onto a machine that has none. Each answers with what it got, or with
 * nothing if this machine does not offer that way.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./find-server.mjs').Say} Say */

const IMAGE = 'redis:7.4';
const BUILDER = 'redis-memory-server@0.17.1';
const BUILT_VERSION = '7.4.2';
const buildFolder = fileURLToPath(
  new URL('../../node_modules/.cache/leanmq-redis', import.meta.url),
);

/**
 * @param {Say} say
 * @returns {string | undefined} the path of the binary
 */
export function installWithApt(say) {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync('/usr/bin/apt-get')) return undefined;
  say('Redis: none on the PATH, installing redis-server with apt-get');
  // Run level 1 keeps the package from starting a service on the default port.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'redis-server']]) {
    const result = spawnSync('apt-get', args, { env, encoding: 'utf8' });
    if (result.status !== 0) {
      say(`Redis: apt-get ${args[0]} failed: ${lastLine(result.stderr)}`);
      return undefined;
    }
  }
  return '/usr/bin/redis-server';
}

/**
 * @param {Say} say
 * @returns {string | undefined} the image to run
 */
export function dockerImage(say) {
  // The client alone says nothing: it is often installed where no daemon runs.
  const result = spawnSync('docker', ['info'], { timeout: 10_000, encoding: 'utf8' });
  if (result.error || result.status !== 0) {
    say('Redis: no Docker daemon answers');
    return undefined;
  }
  const image = process.env['LEANMQ_REDIS_IMAGE'] ?? IMAGE;
  if (spawnSync('docker', ['image', 'inspect', image]).status === 0) return image;
  say(`Redis: pulling ${image}`);
  const pull = spawnSync('docker', ['pull', '--quiet', image], { encoding: 'utf8' });
  if (pull.status === 0) return image;
  say(`Redis: docker pull failed: ${lastLine(pull.stderr)}`);
  return undefined;
}

/**
 * @param {Say} say
 * @returns {Promise<string | undefined>} the path of the binary
 */
export async function buildWithNpm(say) {
  say(`Redis: building one with ${BUILDER}; this takes some minutes the first time`);
  mkdirSync(buildFolder, { recursive: true });
  const env = { ...process.env, REDISMS_DISABLE_POSTINSTALL: '1' };
  const npm = ['install', '--no-save', '--no-audit', '--prefix', buildFolder, BUILDER];
  const install = spawnSync('npm', npm, { env, encoding: 'utf8' });
  if (install.status !== 0) {
    say(`Redis: npm install ${BUILDER} failed: ${lastLine(install.stderr)}`);
    return undefined;
  }
  const binaries = join(buildFolder, 'bin');
  const options = JSON.stringify({ version: BUILT_VERSION, downloadDir: binaries });
  // The progress of the download ends without a line break.
  const script = `
    const { default: RedisBinary } = require('redis-memory-server/lib/util/RedisBinary');
    RedisBinary.getPath(${options}).then(
      (path) => console.log('\\n' + path),
      (error) => { console.error(error.message); process.exit(1); },
    );`;
  const build = spawnSync(process.execPath, ['-e', script], { cwd: buildFolder, encoding: 'utf8' });
  if (build.status === 0) return lastLine(build.stdout);
  say(`Redis: the build failed: ${lastLine(build.stderr)}`);
  // The next attempt must not continue with what is half done.
  rmSync(binaries, { recursive: true, force: true });
  return undefined;
}

/** @param {string | null} text */
function lastLine(text) {
  return (text ?? '').trim().split('\n').at(-1) ?? '';
}
