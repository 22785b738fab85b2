import { createRequire } from 'node:module';
import * as esm from '@leanmq/core';

/** A CommonJS dependency of an ESM application loads the other build: what it throws is what ours recognizes. */
export function assertOneKindOfErrors(): void {
  const cjs = createRequire(import.meta.url)('@leanmq/core') as typeof esm;
  if (cjs.RejectError === esm.RejectError) throw new Error('There is one copy of @leanmq/core.');
  const rejected = new cjs.RejectError('no');
  const isKnown =
    rejected instanceof esm.RejectError &&
    rejected instanceof esm.LeanMQError &&
    !(rejected instanceof esm.RetryError) &&
    new esm.RetryError({ afterMs: 1 }) instanceof cjs.RetryError;
  if (!isKnown) throw new Error('Errors of the CommonJS copy are not recognized.');
}
