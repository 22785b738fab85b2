export { RedisServer, type RedisServerOptions } from '../../tools/redis/server.mjs';
