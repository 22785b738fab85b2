import type { ManageContext } from '../manage/index.js';
import {
  Registry,
  boundedConnection,
  callLimits,
  withinLimits,
  type CallOptions,
} from '../redis/index.js';
import type { Engine } from './engine.js';

/** Returns the parts of the engine for calls on queues and dead letters, bounded by the limits of the call. */
export function managingOf(engine: Engine, options: CallOptions = {}): ManageContext {
  const { command, keys } = engine;
  const limits = callLimits(options, engine.options.commandTimeoutMs);
  const connection = boundedConnection(command, limits);
  const within = <T>(work: () => Promise<T>): Promise<T> =>
    withinLimits(limits, { isSent: false, fault: () => command.lastFault }, work);
  return {
    ...{ connection, keys },
    registry: new Registry(connection, keys),
    ready: () => within(() => engine.connect()),
    permitted: () => within(() => engine.connect().then(() => engine.checkPermissions('manage'))),
    ownGroup: () => engine.group,
    changed: () => within(() => engine.watch.look()),
    forgetSchedules: (path) => within(() => engine.scheduling.forget(path)),
    // A sweep is bounded only by its signal: it runs as long as there is work.
    sweep: (path) => command.run(() => engine.sweeper.sweepRoute(path), limits.signal),
    limits: engine.options.limits,
    warn: (warning) => engine.events.tell('warning', () => warning),
  };
}
