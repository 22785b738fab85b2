/** Checks the import rules of `.dependency-cruiser.cjs`: `npm run imports [-- folder of a workspace]` */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { embedAllLua } from './embed-lua.mjs';
import { root } from './setup.mjs';

const workspace = resolve(process.argv[2] ?? root);
if (workspace === resolve(root)) embedAllLua();

const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
    ...['--config', join(root, '.dependency-cruiser.cjs')],
    ...['--output-type', 'err-long'],
    ...['libs', 'apps', 'bench'].filter((folder) => existsSync(join(workspace, folder))),
  ],
  { cwd: workspace, stdio: 'inherit' },
);
process.exit(status ?? 1);
