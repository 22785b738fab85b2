/**
 * Finds a real Redis, whatever the machine offers. In this order:
 *
 * 1. `LEANMQ_REDIS_SERVER`: the binary that the user wants tested
 * 2. `redis-server` or `valkey-server` on the PATH
 * 3. as root on Debian and its like: `apt-get install redis-server`
 * 4. Docker, if its daemon answers
 * 5. the npm package redis-memory-server, which compiles one
 *
 * The answer is a way to start a server, never the address of one that happens to listen, nor what REDIS_URL says: a test
 * must not write into a Redis that somebody else uses.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { buildWithNpm, dockerImage, installWithApt } from './acquire.mjs';
import { isSupported, MINIMUM_VERSION, parseVersion } from './version.mjs';

/**
 * @typedef {{ kind: 'binary', path: string } | { kind: 'docker', image: string }} Launcher
 * @typedef {(line: string) => void} Say
 */

/** Where a parent process leaves what it found, so that its children need not search again. */
const FOUND = 'LEANMQ_REDIS_LAUNCHER';

/**
 * @param {{ say?: Say }} [options] `say` hears what is tried and why something was passed over
 * @returns {Promise<Launcher>}
 */
export async function findLauncher({ say = () => {} } = {}) {
  const found = process.env[FOUND];
  if (found) return JSON.parse(found);
  const launcher =
    wanted() ??
    onPath(say) ??
    usable(installWithApt(say), say) ??
    docker(say) ??
    usable(await buildWithNpm(say), say);
  if (!launcher) throw new Error(nothingFound());
  process.env[FOUND] = JSON.stringify(launcher);
  say(`Redis: ${launcher.kind === 'docker' ? `${launcher.image} in Docker` : launcher.path}`);
  return launcher;
}

/** @returns {Launcher | undefined} */
function wanted() {
  const path = process.env['LEANMQ_REDIS_SERVER'];
  if (!path) return undefined;
  const launcher = usable(path, () => {});
  if (!launcher) throw new Error(`LEANMQ_REDIS_SERVER is ${path}; ${requirement()}`);
  return launcher;
}

/**
 * @param {Say} say
 * @returns {Launcher | undefined}
 */
function onPath(say) {
  for (const name of ['redis-server', 'valkey-server']) {
    const launcher = usable(executableOnPath(name), say);
    if (launcher) return launcher;
  }
  return undefined;
}

/**
 * @param {Say} say
 * @returns {Launcher | undefined}
 */
function docker(say) {
  const image = dockerImage(say);
  return image ? { kind: 'docker', image } : undefined;
}

/**
 * @param {string | undefined} path
 * @param {Say} say
 * @returns {Launcher | undefined} nothing if it does not run or is too old
 */
function usable(path, say) {
  if (!path) return undefined;
  const server = parseVersion(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? '');
  if (server && isSupported(server)) return { kind: 'binary', path };
  say(`Redis: passing over ${path}: ${server ? `${server.kind} ${server.version}` : 'unknown'}`);
  return undefined;
}

/**
 * @param {string} name
 * @returns {string | undefined}
 */
function executableOnPath(name) {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

function requirement() {
  return `needed is Redis ${MINIMUM_VERSION.redis} or Valkey ${MINIMUM_VERSION.valkey}, or newer`;
}

function nothingFound() {
  return [
    `No Redis to test against; ${requirement()}. Any one of these will do:`,
    '  - put redis-server or valkey-server on the PATH (or its path into LEANMQ_REDIS_SERVER)',
    '  - on Debian or Ubuntu run this as root, or: sudo apt-get install redis-server',
    '  - start Docker',
    '  - install make and a C compiler, so that the npm package redis-memory-server can build one',
  ].join('\n');
}
