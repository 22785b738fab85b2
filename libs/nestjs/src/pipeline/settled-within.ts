import { LeanMQError } from '@leanmq/core';

/** Limit for the steps of one message of a batch where its handler has none, ms. */
const STEP_MS = 30_000;

/**
 * How long the others of a batch wait for the guards, pipes and validation of one message, ms. Half of the attempt, so
 * that the other half is left for those that have passed.
 */
export function stepLimitMs(handlerTimeoutMs: number | undefined): number {
  return handlerTimeoutMs === undefined ? STEP_MS : Math.ceil(handlerTimeoutMs / 2);
}

/** The failure of a message whose step did not end in time. */
export function late(step: string, limitMs: number): LeanMQError {
  return new LeanMQError(
    'HANDLER_TIMEOUT',
    `${step} did not end within ${limitMs} ms; the other messages of the batch went on without this one.`,
    { retryable: true },
  );
}

/**
 * @param promises that do not reject
 * @returns what each resolved to, undefined where it has not within the limit
 */
export function settledWithin<T>(
  promises: readonly Promise<T>[],
  limitMs: number,
): Promise<(T | undefined)[]> {
  return new Promise((resolve) => {
    const settled = promises.map((): T | undefined => undefined);
    let pending = promises.length;
    const timer = setTimeout(() => resolve([...settled]), limitMs);
    promises.forEach((promise, index) => {
      void promise.then((value) => {
        settled[index] = value;
        pending -= 1;
        if (pending > 0) return;
        clearTimeout(timer);
        resolve(settled);
      });
    });
  });
}
