import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build, type Plugin } from 'esbuild';

const source = fileURLToPath(new URL('../../libs/core/src/', import.meta.url));

/** Changes to files of the core, by path in `libs/core/src`. Each must change something. */
export type Patches = Readonly<Record<string, (text: string) => string>>;

/**
 * Builds the core, unchanged or patched into a possible later version, as one file that a process can load beside
 * another version.
 *
 * @returns the path of the file, in a temporary folder
 */
export async function buildCore(name: string, patches: Patches = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `leanmq-${name}-`));
  const outfile = join(folder, 'core.cjs');
  await build({
    entryPoints: [join(source, 'index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
    plugins: [patching(patches)],
  });
  return outfile;
}

function patching(patches: Patches): Plugin {
  return {
    name: 'patches',
    setup({ onLoad, onEnd }) {
      const applied = new Set<string>();
      onLoad({ filter: /libs[\\/]core[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
        const file = path.slice(source.length).replaceAll('\\', '/');
        const patch = patches[file];
        if (patch === undefined) return undefined;
        const text = await readFile(path, 'utf8');
        const contents = patch(text);
        if (contents === text) throw new Error(`the patch of ${file} no longer changes anything`);
        applied.add(file);
        return { contents, loader: 'ts' };
      });
      onEnd(() => {
        const left = Object.keys(patches).filter((file) => !applied.has(file));
        if (left.length > 0)
          throw new Error(`patches of files that were not loaded: ${left.join()}`);
      });
    },
  };
}
