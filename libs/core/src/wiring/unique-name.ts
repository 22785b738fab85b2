import { uniqueId } from '../message/index.js';

/** Names a consumer or publisher as no other is named, the next start of the same process included. */
export function uniqueName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 64);
  return `${plain}-${process.pid}-${uniqueId()}`;
}
