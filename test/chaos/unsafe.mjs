/**
 * Switches protections off, one at a time, to prove that the checker notices. The product has no such switch: pieces of
 * its sources are replaced while the programs of the fleet are bundled.
 */
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Patch
 * @property {string} file end of the file's path
 * @property {string} find text that occurs once in the file
 * @property {string} replace
 */

/** Module that embeds each Lua script as a JSON string. */
const SCRIPTS = 'libs/core/src/redis/scripts.generated.ts';

/**
 * @param {string} find
 * @param {string} replace
 * @returns {Patch}
 */
function lua(find, replace) {
  const quoted = (/** @type {string} */ text) => JSON.stringify(text).slice(1, -1);
  return { file: SCRIPTS, find: quoted(find), replace: quoted(replace) };
}

/** @type {Readonly<Record<string, readonly Patch[]>>} */
export const UNSAFE = {
  // Sends a batch whose reply was lost again, without checking whether it was applied.
  'auto-resend': [
    lua("local marker = redis.call('GET', KEYS[2])", 'local marker = nil'),
    lua("local marker = redis.call('GET', KEYS[1])", 'local marker = nil'),
  ],
  // Lets a consumer that lost a delivery retry, bury or give it back all the same.
  'unfenced-settle': [lua('if isOurs(id, each.deliveries) then', 'if true then')],
  // Copies a retry to the log, which all groups read.
  'retry-to-log': [
    lua("cmsgpack.pack({'inbox:' .. group, unpack(body)})", "cmsgpack.pack({'log', unpack(body)})"),
  ],
  // Trims the log regardless of unfinished messages.
  maxlen: [
    lua(
      "redis.call('XADD', log, id, 'd', data)",
      "redis.call('XADD', log, 'MAXLEN', '20', id, 'd', data)",
    ),
    lua(
      "redis.call('XADD', log, '*', 'd', data)",
      "redis.call('XADD', log, 'MAXLEN', '20', '*', 'd', data)",
    ),
    lua(
      "redis.call('XADD', send.log, '*', unpack(fields))",
      "redis.call('XADD', send.log, 'MAXLEN', '20', '*', unpack(fields))",
    ),
  ],
  // Limits reads, takeovers, promotions and expiry in messages only, however large these are.
  'bodies-by-count': [
    {
      file: 'libs/core/src/consume/route/byte-budget.ts',
      find: 'Math.min(appetite, byCount, byBytes)',
      replace: 'appetite',
    },
    {
      file: 'libs/core/src/consume/route/subscription.ts',
      find: 'Math.floor(this.budget.leftBytes / Math.max(1, this.largestBytes))',
      replace: 'free',
    },
    {
      file: 'libs/core/src/consume/recovering/takeover.ts',
      find: 'const MAX_BYTES = 1024 * 1024;',
      replace: 'const MAX_BYTES = Number.MAX_SAFE_INTEGER;',
    },
    {
      file: 'libs/core/src/consume/reading/adoption.ts',
      find: 'const MAX_BYTES = 1024 * 1024;',
      replace: 'const MAX_BYTES = Number.MAX_SAFE_INTEGER;',
    },
    lua('= tonumber(ARGV[3]), 2 ^ 20, 1000', '= tonumber(ARGV[3]), math.huge, 1000'),
    lua('= 250, 2 ^ 20, 2000', '= 250, math.huge, 2000'),
  ],
};

/**
 * @param {string} mode
 * @param {string} path path of a source file of the core
 * @param {string} contents
 * @returns {string} the contents without the protection; unchanged if no patch is for this file
 * @throws {Error} if the text to replace does not occur exactly once
 */
export function withoutProtection(mode, path, contents) {
  for (const { file, find, replace } of UNSAFE[mode] ?? []) {
    if (!path.endsWith(file)) continue;
    const parts = contents.split(find);
    if (parts.length !== 2) {
      throw new Error(
        `--unsafe ${mode}: "${find}" is ${parts.length - 1} times in ${path}, not once; it has changed, so that test/chaos/unsafe.mjs must too.`,
      );
    }
    contents = parts.join(replace);
  }
  return contents;
}

/**
 * @param {string} mode
 * @returns {import('esbuild').Plugin}
 */
export function unsafely(mode) {
  const left = new Set((UNSAFE[mode] ?? []).map(({ file }) => file));
  return {
    name: `unsafe-${mode}`,
    setup(bundler) {
      bundler.onLoad({ filter: /libs\/core\/src\/.*\.ts$/ }, ({ path }) => {
        for (const file of left) if (path.endsWith(file)) left.delete(file);
        const contents = withoutProtection(mode, path, readFileSync(path, 'utf8'));
        return { contents, loader: 'ts' };
      });
      bundler.onEnd(() => {
        if (left.size > 0)
          throw new Error(`--unsafe ${mode}: a file to be changed was not bundled.`);
      });
    },
  };
}
