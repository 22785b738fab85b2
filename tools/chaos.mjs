/**
 * `npm run chaos [-- options]`: publishes and consumes through faults and checks what came of it; `--help` says how.
 *
 * The programs are bundled once from the sources as they are, because the processes of the fleet are started hundreds of
 * times: each start then takes a fraction of a second.
 */
import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UNSAFE, unsafely } from '../test/chaos/unsafe.mjs';
import { root, setUp } from './setup.mjs';

setUp();
// Inside node_modules, so that packages are found from there.
const cache = join(root, 'node_modules/.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'leanmq-chaos-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => process.exit(1));
}

/**
 * @param {string} name of a folder of its own
 * @param {Record<string, string>} entryPoints
 * @param {import('esbuild').Plugin[]} plugins
 * @returns {Promise<string>} the folder
 */
async function bundle(name, entryPoints, plugins) {
  const outdir = join(folder, name);
  await build({
    ...{ absWorkingDir: root, entryPoints, outdir, outExtension: { '.js': '.mjs' } },
    alias: { '@leanmq/core': join(root, 'libs/core/src') },
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20' },
    ...{ packages: 'external', sourcemap: 'linked', logLevel: 'error', plugins },
  });
  return outdir;
}

/** They start programs that lie beside them. @type {import('esbuild').Plugin} */
const redisTools = {
  name: 'redis-tools',
  setup: (bundler) =>
    bundler.onResolve({ filter: /tools\/redis\/[\w-]+\.mjs$/ }, ({ path }) => ({
      path: pathToFileURL(join(root, path.slice(path.indexOf('tools/redis/')))).href,
      external: true,
    })),
};

/** @type {Map<string | undefined, Promise<string>>} */
const fleets = new Map();

/**
 * @param {string | undefined} unsafe
 * @returns {Promise<string>} the folder of its programs, which several runs may share
 */
function fleet(unsafe) {
  const built =
    fleets.get(unsafe) ??
    bundle(
      `fleet-${unsafe ?? 'safe'}`,
      {
        consumer: 'test/chaos/programs/consumer.ts',
        publisher: 'test/chaos/programs/publisher.ts',
        'soak-consumer': 'test/chaos/programs/soak-consumer.ts',
        'soak-publisher': 'test/chaos/programs/soak-publisher.ts',
      },
      unsafe === undefined ? [] : [unsafely(unsafe)],
    );
  fleets.set(unsafe, built);
  return built;
}

const main = await bundle('main', { main: 'test/chaos/main.ts' }, [redisTools]);
const { chaos } = await import(pathToFileURL(join(main, 'main.mjs')).href);
chaos({
  words: process.argv.slice(2),
  unsafeModes: Object.keys(UNSAFE),
  build: async (/** @type {string | undefined} */ unsafe) => {
    const programs = await fleet(unsafe);
    return {
      consumer: join(programs, 'consumer.mjs'),
      publisher: join(programs, 'publisher.mjs'),
      soakConsumer: join(programs, 'soak-consumer.mjs'),
      soakPublisher: join(programs, 'soak-publisher.mjs'),
    };
  },
}).then(
  (/** @type {number} */ code) => process.exit(code),
  (/** @type {unknown} */ error) => {
    console.error(error instanceof Error ? error.stack : error);
    process.exit(1);
  },
);
