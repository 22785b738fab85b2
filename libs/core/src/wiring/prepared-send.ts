import { prepared, type TransactionOptions } from '../publish/index.js';
import type { Engine } from './engine.js';

/** Waits for the first connection and returns the options with the time that is left of the send's limit. */
export function preparedSend<Options extends TransactionOptions>(
  engine: Engine,
  options: Options | undefined,
): Promise<Options | undefined> {
  const { connectTimeoutMs, publishTimeoutMs } = engine.options;
  // A send without `timeoutMs` gives the first connection its full time limit.
  return prepared(() => engine.prepare(), options, Math.max(connectTimeoutMs, publishTimeoutMs));
}
