import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './workspace.mjs';

/**
 * Makes the tarball that would be published.
 *
 * @param {import('./workspace.mjs').Library} library built before
 * @param {string} destination an existing folder
 * @returns {Promise<string>} its path
 */
export async function pack(library, destination) {
  if (!existsSync(join(library.folder, 'dist'))) {
    throw new Error(`${library.name} is not built: npm run build`);
  }
  const folder = join(destination, library.name.replace('@', '').replace('/', '-'));
  mkdirSync(folder);
  const words = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  await run('npm', words, { cwd: library.folder, quiet: true });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (!tarball) throw new Error(`npm pack made nothing of ${library.name}`);
  return join(folder, tarball);
}
