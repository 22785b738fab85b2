import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Tries until it holds: `fn` neither throws nor returns (or resolves to) `false`.
 * For what happens soon, but not at a known moment.
 *
 * @returns what `fn` returned when it held
 * @throws what `fn` threw last, if it does not hold in time
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
      failure = new Error('it was still false');
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

/** What every emitter has, whether its events are typed (then in its own way) or not. */
interface Emitter {
  /* eslint-disable @typescript-eslint/no-explicit-any -- nothing narrower accepts them all */
  on(name: any, listener: (...args: any[]) => void): unknown;
  off(name: any, listener: (...args: any[]) => void): unknown;
  /* eslint-enable @typescript-eslint/no-explicit-any */
}

/** @returns the first argument of the next event of that name */
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
