/**
 * `npm run bench [-- options]`: measures; `--help` says how.
 *
 * The sources are compiled to plain JavaScript and bundled into a temporary folder. Nothing has to be built first, and
 * no loader distorts the measurement.
 */
import { transform } from '@swc/core';
import { build, stop } from 'esbuild';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RedisServer } from './redis/server.mjs';
import { root, setUp } from './setup.mjs';

setUp();
// Inside node_modules, so that packages are found from there.
const cache = join(root, 'node_modules/.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'leanmq-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => process.exit(1));
}

await build({
  absWorkingDir: root,
  entryPoints: { main: 'bench/main.ts', worker: 'bench/worker.ts' },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  alias: Object.fromEntries(
    ['core', 'nestjs'].map((name) => [`@leanmq/${name}`, join(root, 'libs', name, 'src')]),
  ),
  ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20' },
  ...{ packages: 'external', logLevel: 'error' },
  // Nest injects by the types of parameters, which esbuild does not write down.
  plugins: [{ name: 'decorators', setup: (bundle) => bundle.onLoad({ filter: /\.ts$/ }, load) }],
});

// Its service would stay beside what is measured.
await stop();

/** @param {{ path: string }} file */
async function load({ path }) {
  const source = readFileSync(path, 'utf8');
  const { code } = await transform(source, {
    ...{ filename: path, swcrc: false, module: { type: 'es6' } },
    jsc: {
      target: 'es2022',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators: true },
      transform: {
        ...{ legacyDecorator: true, decoratorMetadata: true },
        ...{ useDefineForClassFields: false, verbatimModuleSyntax: true },
      },
    },
  });
  return { contents: code, loader: /** @type {const} */ ('js') };
}

const { bench } = await import(pathToFileURL(join(folder, 'main.mjs')).href);
bench({
  root,
  words: process.argv.slice(2),
  worker: join(folder, 'worker.mjs'),
  startRedis: () => RedisServer.start(),
}).then(
  () => process.exit(),
  (/** @type {unknown} */ error) => {
    console.error(error instanceof Error ? error.stack : error);
    process.exit(1);
  },
);
