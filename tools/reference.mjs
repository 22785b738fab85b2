/**
 * Writes the API reference from the docstrings: `npm run reference`. With `-- --check` it only says whether
 * `docs/reference` is current.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';
import { installed, run } from './workspace.mjs';

const REFERENCE = join(root, 'docs/reference');
const ENTRIES = ['libs/core/src/index.ts', 'libs/nestjs/src/index.ts'];

/** @param {string} folder */
async function generate(folder) {
  await run(
    process.execPath,
    [
      installed('typedoc/bin/typedoc'),
      ...ENTRIES,
      ...['--plugin', 'typedoc-plugin-markdown', '--tsconfig', 'tsconfig.json', '--out', folder],
      ...['--name', 'LeanMQ API reference', '--readme', 'none', '--entryFileName', 'README'],
      // Nothing that changes with the machine, the day or the commit.
      ...['--disableSources', '--disableGit', '--hideGenerator', '--githubPages', 'false'],
      ...['--excludePrivate', '--excludeInternal', '--excludeExternals', '--skipErrorChecking'],
      ...['--useCodeBlocks', '--hideBreadcrumbs', '--parametersFormat', 'table'],
      ...['--interfacePropertiesFormat', 'table', '--logLevel', 'Error'],
    ],
    { quiet: true },
  );
}

/** @param {string} folder @returns {Map<string, string>} */
function filesIn(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    names
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

async function check() {
  const folder = mkdtempSync(join(tmpdir(), 'leanmq-reference-'));
  try {
    await generate(folder);
    const [wanted, found] = [filesIn(folder), filesIn(REFERENCE)];
    const stale = [...new Set([...wanted.keys(), ...found.keys()])].filter(
      (name) => wanted.get(name) !== found.get(name),
    );
    if (stale.length === 0) return console.log('docs/reference is current.');
    console.error(`docs/reference is not current: ${stale.join(', ')}. Run: npm run reference`);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv.includes('--check')) {
  await check();
} else {
  rmSync(REFERENCE, { recursive: true, force: true });
  await generate(REFERENCE);
  console.log('Wrote docs/reference.');
}
