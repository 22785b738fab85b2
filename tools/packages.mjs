/**
 * Looks at each package as its users get it: publint reads the packed manifest, and attw resolves
 * its types in every mode that TypeScript has.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from './pack.mjs';
import { installed, libraries, run } from './workspace.mjs';

const CHECKS = /** @type {const} */ ([
  ['publint', 'publint/src/cli.js', '--strict'],
  ['attw', '@arethetypeswrong/cli/dist/index.js', '--no-emoji'],
]);

const folder = mkdtempSync(join(tmpdir(), 'leanmq-packages-'));
try {
  for (const library of libraries()) {
    const tarball = await pack(library, folder);
    for (const [name, cli, ...options] of CHECKS) {
      await run(process.execPath, [installed(cli), tarball, ...options], { quiet: true });
      console.log(`${library.name}: ${name} found no problems`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
