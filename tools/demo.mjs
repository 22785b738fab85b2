/**
 * `npm run demo`: makes everything ready, on a fresh clone too, and hands over to apps/demo.
 * Until there is something to import, it can use Node's own modules only.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { identify } from './redis/resp.mjs';
import { RedisServer } from './redis/server.mjs';
import { isSupported, MINIMUM_VERSION } from './redis/version.mjs';
import { root, setUp } from './setup.mjs';
import { installed, run } from './workspace.mjs';

const HELP = `npm run demo [-- options]

Three services on one Redis: orders come in, handlers fail, processes and Redis itself are killed, and
nothing is lost. Afterwards the services stay up, so that you can send orders yourself.

  --once         tell the story, check it, and end: exit code 0 with "demo: ok", or 1 with what was wrong
  --redis URL    use this Redis; the chapter that kills Redis is then left out. All keys get a prefix of
                 their own and are removed in the end. Without it, a Redis is started on a free port
  --help         this text
`;

const LIBRARIES = ['@leanmq/core', '@leanmq/nestjs'];
const APPS = ['orders', 'inventory', 'notifications', 'demo'];

async function main() {
  const { once, redis, help } = readOptions();
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (redis !== undefined) await assertUsable(redis);
  setUp();
  await build();
  const entry = join(root, 'apps/demo/dist/apps/demo/src/main.js');
  const { demo } = await import(pathToFileURL(entry).href);
  return demo({
    root,
    once,
    ...(redis === undefined ? {} : { redisUrl: redis }),
    startRedis: RedisServer.start,
  });
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      redis: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return values;
}

/**
 * Says so before anything takes long.
 *
 * @param {string} url
 */
async function assertUsable(url) {
  const server = await identify(url, 5_000).catch((cause) => {
    throw new Error(`The Redis of --redis does not answer: ${cause.message}`, { cause });
  });
  if (isSupported(server)) return;
  const { redis, valkey } = MINIMUM_VERSION;
  throw new Error(
    `--redis leads to ${server.kind} ${server.version}; needed is Redis ${redis} or Valkey ${valkey}, or newer`,
  );
}

async function build() {
  const startedAt = performance.now();
  console.log('Building the libraries and the services.');
  await run(process.execPath, [join(root, 'tools/build.mjs'), ...LIBRARIES], { quiet: true });
  await run(process.execPath, [installed('@nestjs/cli/bin/nest.js'), 'build', ...APPS], {
    quiet: true,
  });
  console.log(`Built in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s.`);
}

main().then(
  (exitCode) => process.exit(exitCode),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
