import { uniqueId } from '../message/index.js';

/** Returns a name for a consumer or publisher that no other has, not even the next start of the same process. */
export function uniqueName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 64);
  return `${plain}-${process.pid}-${uniqueId()}`;
}
