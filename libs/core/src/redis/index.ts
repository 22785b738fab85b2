export { Connection, type ConnectionListener } from './connection.js';
export { Connections } from './connections.js';
export {
  isConnectionFault,
  isDenied,
  isMissingGroup,
  isTransient,
  replyOf,
  toBrokerError,
} from './faults.js';
export { Keys, RouteKeys } from './keys.js';
export type { ClientOptions, ConnectionRole, RedisFactory, RedisTarget } from './options.js';
export {
  Registry,
  type RegisteredGroup,
  type RegisteredRoute,
  type RouteSettings,
} from './registry.js';
export { RegistryWatch } from './registry-watch.js';
export { defineScript, listOf, oneOf, type Script, type ScriptArgument } from './script.js';
export * as lua from './scripts.generated.js';
export { ServerClock } from './server-clock.js';
export { checkServer, type ServerInfo } from './server-check.js';
