import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares two signatures in constant time. Their lengths are no secret. */
export function sameSignature(given: string, right: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Looks for the right one among those given; takes as long for the first as for the last. */
export function anySignature(given: readonly string[], right: string): boolean {
  let isRight = false;
  for (const each of given) if (sameSignature(each, right)) isRight = true;
  return isRight;
}

/** Compares two secrets in constant time, whatever their lengths. */
export function sameSecret(given: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(right));
}
