/** Whether it can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/**
 * Waits for what a function of the user's has promised, but not for ever.
 *
 * @throws what it rejects with, or what `late` makes when `timeoutMs` have passed
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
