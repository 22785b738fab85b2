import type { ManageContext } from '../manage/index.js';
import type { Engine } from './engine.js';

/** What looking after queues and dead letters needs of the engine. */
export function managingOf(engine: Engine): ManageContext {
  const { command: connection, keys, registry } = engine;
  return {
    ...{ connection, keys, registry },
    ready: () => engine.connect(),
    permitted: () => engine.connect().then(() => engine.checkPermissions('manage')),
    ownGroup: () => engine.group,
    changed: () => engine.watch.look(),
    forgetSchedules: (path) => engine.scheduling.forget(path),
    sweep: (path) => connection.run(() => engine.sweeper.sweepRoute(path)),
    limits: engine.options.limits,
    warn: (warning) => engine.events.tell('warning', () => warning),
  };
}
