import { randomBytes } from 'node:crypto';

/**
 * Returns a globally unique name: 128 random bits as 22 of `A-Z a-z 0-9 _ -`. A process id or a host name would not do,
 * since containers often share them; 32 random bits would collide within thousands of starts.
 */
export function uniqueId(): string {
  return randomBytes(16).toString('base64url');
}
