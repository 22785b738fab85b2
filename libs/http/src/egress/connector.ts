import { createSecureContext } from 'node:tls';
import { toError } from '@leanmq/core/internal';
import { buildConnector } from 'undici';
import type { TlsIdentity } from './attempt.js';
import type { EgressGuard } from './egress-guard.js';
import { targetOf } from './webhook-url.js';

/**
 * Makes the function by which undici connects: it asks the guard first, for a literal address as well, which Node dials
 * without any lookup.
 */
export function guardedConnector(
  guard: EgressGuard,
  timeoutMs: number,
  tls: TlsIdentity | undefined,
): buildConnector.connector {
  // Made once, at the first use: each connection would read the certificates again.
  let connect: buildConnector.connector | undefined;
  return (options, callback) => {
    try {
      guard.judge(targetOf(options));
      connect ??= buildConnector({
        timeout: timeoutMs,
        lookup: guard.lookup,
        // After this time the next address of the name is dialled.
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: Math.min(1_000, Math.ceil(timeoutMs / 2)),
        secureContext: createSecureContext({ ...tls }),
      });
      connect(options, callback);
    } catch (error) {
      // undici does not expect an answer before it has done with asking.
      process.nextTick(() => callback(toError(error), null));
    }
  };
}
