import { NestApplicationContext, type ModulesContainer } from '@nestjs/core';

type CleanUp = () => Promise<void>;

/** Hooks that Nest runs at start; protected, and the same in Nest 11 and 12. */
type StartHook = (this: Starting) => Promise<void>;
interface Starting {
  readonly container: { getModules(): ModulesContainer };
  callInitHook: StartHook;
  callBootstrapHook: StartHook;
}

const cleanUps = new WeakMap<ModulesContainer, CleanUp>();
let isWatching = false;

/**
 * Calls back when the start of an application fails in a hook of any of its modules. Nest does not report such a failure, and
 * an application that has not started may never be closed: its open connections would keep the process alive.
 */
export function onFailedStart(modules: ModulesContainer, cleanUp: CleanUp): void {
  cleanUps.set(modules, cleanUp);
  if (isWatching) return;
  isWatching = true;
  const prototype = NestApplicationContext.prototype as unknown as Starting;
  prototype.callInitHook = watched(prototype.callInitHook);
  prototype.callBootstrapHook = watched(prototype.callBootstrapHook);
}

function watched(hook: StartHook): StartHook {
  return async function (this: Starting): Promise<void> {
    try {
      await hook.call(this);
    } catch (error) {
      // Ignore errors of the clean-up: the reason for the failed start matters.
      await cleanUps
        .get(this.container.getModules())?.()
        .catch(() => undefined);
      throw error;
    }
  };
}
