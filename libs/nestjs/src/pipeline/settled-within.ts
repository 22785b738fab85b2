import { LeanMQError } from '@leanmq/core';

/** Time limit for the steps of one message of a batch without `handlerTimeoutMs`, in ms. */
const STEP_MS = 30_000;

/**
 * Returns the time limit for guards, pipes and validation of one message of a batch, in ms: half of the attempt, which leaves
 * the other half for the messages that pass.
 */
export function stepLimitMs(handlerTimeoutMs: number | undefined): number {
  return handlerTimeoutMs === undefined ? STEP_MS : Math.ceil(handlerTimeoutMs / 2);
}

/** Error of a message whose step exceeded its time limit. */
export function late(step: string, limitMs: number): LeanMQError {
  return new LeanMQError(
    'HANDLER_TIMEOUT',
    `${step} did not end within ${limitMs} ms; the other messages of the batch went on without this one.`,
    { retryable: true },
  );
}

/**
 * @param promises that do not reject
 * @returns the resolved values; undefined for those that exceed the limit
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
