import { randomBytes } from 'node:crypto';

/**
 * Returns a name that nothing else has: 128 random bits as 22 of `A-Z a-z 0-9 _ -`. A process id, a host's name or 32
 * bits are no substitute: in containers the former are often constant, and thousands of starts meet in the latter.
 */
export function uniqueId(): string {
  return randomBytes(16).toString('base64url');
}
