import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `fn` until it succeeds: until it neither throws nor returns (or resolves to) `false`.
 * Use this for what happens soon, but not at a known moment.
 *
 * @returns the result of the call that succeeded
 * @throws {Error} if no call succeeds in time; `cause` is the last failure
 */
export async function eventually<T>(
  fn: () => T | Promise<T>,
  { timeoutMs = 12_000, everyMs = 10 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const result = await fn();
      if (result !== false) return result;
      failure = new Error('the result is still false');
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${messageOf(failure)}`, {
        cause: failure,
      });
    }
    await sleep(everyMs);
  }
}

/** The part that all emitters share, however their events are typed. */
interface Emitter {
  /* eslint-disable @typescript-eslint/no-explicit-any -- nothing narrower accepts them all */
  on(name: any, listener: (...args: any[]) => void): unknown;
  off(name: any, listener: (...args: any[]) => void): unknown;
  /* eslint-enable @typescript-eslint/no-explicit-any */
}

/** Resolves with the first argument of the next event named `name`. */
export function nextEvent<T = unknown>(
  emitter: Emitter,
  name: string,
  { timeoutMs = 12_000 }: { timeoutMs?: number } = {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const listener = (argument: T): void => {
      clearTimeout(timer);
      emitter.off(name, listener);
      resolve(argument);
    };
    const timer = setTimeout(() => {
      emitter.off(name, listener);
      reject(new Error(`no '${name}' event within ${timeoutMs} ms`));
    }, timeoutMs);
    emitter.on(name, listener);
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
