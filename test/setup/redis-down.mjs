export default async function redisDown() {
  const { leanmqTestRedis } =
    /** @type {{ leanmqTestRedis?: import('../../tools/redis/server.mjs').RedisServer }} */ (
      globalThis
    );
  await leanmqTestRedis?.stop();
}
