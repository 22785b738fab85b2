/** Callbacks by signal. Each signal gets a single listener: Node warns about more than ten. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal is aborted.
 *
 * @returns a function that removes the callback; removing the last one also removes the listener
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = waiting.get(signal);
  if (callbacks === undefined) {
    const all = new Set<() => void>();
    waiting.set(signal, all);
    signal.addEventListener('abort', callAll);
    callbacks = all;
  }
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
    if (callbacks.size > 0 || waiting.get(signal) !== callbacks) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', callAll);
  };
}

function callAll({ target }: { readonly target: unknown }): void {
  const signal = target as AbortSignal;
  const callbacks = waiting.get(signal) ?? [];
  waiting.delete(signal);
  signal.removeEventListener('abort', callAll);
  for (const callback of callbacks) callback();
}
