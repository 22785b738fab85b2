export type { RedisOptions } from './client-options.js';
export {
  boundedConnection,
  callLimits,
  limitsOf,
  withinLimits,
  type CallLimits,
  type CallOptions,
} from './bounded.js';
export {
  Connection,
  runIdOf,
  type ArrivalListener,
  type ConnectionListener,
} from './connection.js';
export { Connections } from './connections.js';
export {
  isConnectionFault,
  isDenied,
  isMissingGroup,
  isTransient,
  replyOf,
  toBrokerError,
  withoutArguments,
} from './faults.js';
export { createGroups, type RouteRef, type StartFrom } from './groups.js';
export { Keys, RouteKeys } from './keys.js';
export { readSilenceMs, type ClientOptions } from './options.js';
export { checkPermissions, type Purpose } from './permissions.js';
export type { RegisteredGroup, RegisteredRoute, RouteSettings } from './registered.js';
export { Registry, type RegisterReason } from './registry.js';
export type { RegistryNews } from './registry-mirror.js';
export { RegistryWatch } from './registry-watch.js';
export { defineScript, listOf, oneOf, type Script, type ScriptArgument } from './script.js';
export * as lua from './scripts.generated.js';
export { ServerClock, serverTime } from './server-clock.js';
export { checkServer, idleTimeoutMs, type ServerInfo } from './server-check.js';
export { Target, type ConnectionRole, type RedisFactory, type RedisTarget } from './target.js';
