/** Returns true when the value can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/**
 * Waits for a promise of user code, but only for `timeoutMs`.
 *
 * @throws the promise's rejection, or the error of `late` once `timeoutMs` have passed
 */
export async function within<T>(
  promised: PromiseLike<T>,
  timeoutMs: number,
  late: () => Error,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  try {
    return await Promise.race([promised, overdue]);
  } finally {
    clearTimeout(timer);
  }
}
