import { randomUUID } from 'node:crypto';

/** A consumer's name that no other has, also not the next start of the same process. */
export function uniqueName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 64);
  return `${plain}-${process.pid}-${randomUUID().slice(0, 8)}`;
}
