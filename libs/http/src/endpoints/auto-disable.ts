/** Shares of the time without success at which the owner is warned, in order. */
export const DISABLE_WARNINGS = [0.5, 0.9] as const;

export interface Failing {
  /** The first failure since the last success, epoch ms. It has no end: an endpoint that is seldom used counts too. */
  readonly firstFailureAt: number;
  /** Number of warnings given since then. */
  readonly warned: number;
}

/** Verdict on a failure. `warnings` counts the warnings given, this one included. */
export type DisableVerdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'warn'; readonly share: number; readonly warnings: number }
  | { readonly kind: 'disable' };

/**
 * Decides whether an endpoint that has just failed is disabled: after `disableAfterMs` without any success. Call it at a
 * failure only, so that an endpoint to which nothing is sent is left alone. Pure.
 *
 * @param now epoch ms
 */
export function disableVerdict(
  { firstFailureAt, warned }: Failing,
  disableAfterMs: number | 'never',
  now: number,
): DisableVerdict {
  if (disableAfterMs === 'never') return { kind: 'none' };
  const share = (now - firstFailureAt) / disableAfterMs;
  if (share >= 1) return { kind: 'disable' };
  const due = DISABLE_WARNINGS.filter((each) => share >= each);
  const last = due.at(-1);
  if (last === undefined || due.length <= warned) return { kind: 'none' };
  return { kind: 'warn', share: last, warnings: due.length };
}
