/** One real Redis for the whole run; each test file keeps to a key prefix of its own. */
import { findLauncher } from '../../tools/redis/find-server.mjs';
import { RedisServer } from '../../tools/redis/server.mjs';

/** @param {string} line */
const say = (line) => void process.stderr.write(`${line}\n`);

export default async function redisUp() {
  // Tests that crash their own server inherit the finding instead of searching again.
  await findLauncher({ say });
  const server = await RedisServer.start();
  process.env['LEANMQ_TEST_REDIS_URL'] = server.url;
  Object.assign(globalThis, { leanmqTestRedis: server });
}
