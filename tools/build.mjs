/**
 * Builds each package twice, in the order of their dependencies: `dist/esm` and `dist/cjs`.
 * `npm run build [-- names of packages]`
 * A single format would fail either the CommonJS applications of Nest 11 or the ESM ones of Nest 12.
 */
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { embedAllLua } from './embed-lua.mjs';
import { root } from './setup.mjs';
import { installed, libraries, run } from './workspace.mjs';

const wanted = process.argv.slice(2);

embedAllLua();
for (const { name, folder } of libraries()) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const startedAt = performance.now();
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  await Promise.all(
    ['esm', 'cjs'].map((format) =>
      run(process.execPath, [
        installed('typescript/bin/tsc'),
        '-p',
        relative(root, join(folder, `tsconfig.build.${format}.json`)),
      ]),
    ),
  );
  // The package as a whole is of type "module"; this folder is the exception.
  writeFileSync(join(folder, 'dist/cjs/package.json'), '{ "type": "commonjs" }\n');
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  console.log(`Built ${name} in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
}
