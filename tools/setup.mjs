/**
 * Makes a fresh clone ready: dependencies as locked, generated sources in place.
 * Uses Node's own modules only, because it runs before there are any others.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { embedAllLua } from './embed-lua.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Installs the dependencies if they are missing or not the locked ones, and embeds the scripts. */
export function setUp() {
  if (!isInstalled(root)) {
    console.log('Installing dependencies: npm ci');
    const { status } = spawnSync('npm', ['ci'], { cwd: root, stdio: 'inherit' });
    if (status !== 0) throw new Error('npm ci failed');
  }
  embedAllLua();
}

/**
 * Compares what is locked with what npm noted down when it installed. The time of a file would say
 * less: a checkout touches the lockfile without changing it.
 *
 * @param {string} folder
 * @returns {boolean}
 */
export function isInstalled(folder) {
  const noted = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(noted)) return false;
  const installed = packagesIn(noted);
  return Object.entries(packagesIn(join(folder, 'package-lock.json'))).every(([path, locked]) => {
    // Only what is under node_modules is noted; the packages for other platforms are left out.
    if (!path.startsWith('node_modules/')) return true;
    const found = installed[path];
    return found ? found.version === locked.version : locked.optional === true;
  });
}

/**
 * @param {string} lockfile
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function packagesIn(lockfile) {
  return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
}
