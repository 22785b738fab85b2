import { printable } from '@leanmq/core';
import { WebhookInputError } from '../input-error.js';
import type { AttemptFault, AttemptOutcome, AttemptResult } from './attempt.js';

type Verdict = Pick<AttemptResult, 'outcome' | 'error'>;

const SLOW_DOWN = new Set([429, 502, 503, 504]);

/** Decides by the status of an answer; the body changes nothing. Pure. */
export function verdictOfStatus(status: number): Verdict {
  if (status >= 200 && status < 300) return { outcome: 'success', error: undefined };
  if (status >= 300 && status < 400) {
    const message = `The receiver answered ${status}; redirects are not followed, so change the endpoint's URL.`;
    return { outcome: 'failed', error: { fault: 'redirect', message } };
  }
  return {
    outcome: outcomeOf(status),
    error: { fault: 'status', message: `The receiver answered ${status}.` },
  };
}

function outcomeOf(status: number): AttemptOutcome {
  if (status === 410) return 'gone';
  return SLOW_DOWN.has(status) ? 'slow-down' : 'failed';
}

/** A deadline of an exchange has passed, or it was given up. */
export class ExchangeEnded extends Error {
  constructor(readonly fault: 'headers-timeout' | 'timeout' | 'aborted' | 'enough') {
    super(fault);
  }
}

const MESSAGES: Readonly<Record<Exclude<AttemptFault, 'status' | 'redirect'>, string>> = {
  blocked: 'The receiver may not be dialled.',
  unresolved: 'The name of the receiver has no address.',
  'connect-timeout': 'The receiver could not be reached in time.',
  'connect-failed': 'The receiver could not be reached',
  'tls-failed': 'The TLS handshake failed',
  'headers-timeout': 'The receiver did not answer in time.',
  timeout: 'The attempt was not done in time.',
  reset: 'The receiver closed the connection without an answer.',
  protocol: 'The answer is not HTTP',
  aborted: 'The attempt was given up.',
};
const TIMEOUTS = new Set<AttemptFault>(['connect-timeout', 'headers-timeout', 'timeout']);
/** Their message says it best: a certificate that has expired, is for another name or from an unknown authority. */
const EXPLAINED = new Set<AttemptFault>(['tls-failed', 'connect-failed', 'protocol']);

/**
 * Decides by the error of a request that was not answered. Pure.
 *
 * @param isConnected whether a connection was there and the request was written
 */
export function verdictOfError(thrown: Error, isConnected: boolean): Verdict {
  const error = innermost(thrown);
  const fault = faultOf(error, isConnected);
  const outcome = outcomeOfFault(fault);
  if (error instanceof WebhookInputError) {
    return { outcome, error: { fault, message: error.message } };
  }
  const message = MESSAGES[fault as keyof typeof MESSAGES];
  if (!EXPLAINED.has(fault)) return { outcome, error: { fault, message } };
  const why = printable((codeOf(error) || error.message).slice(0, 200));
  return { outcome, error: { fault, message: `${message}: ${why}.` } };
}

function outcomeOfFault(fault: AttemptFault): AttemptOutcome {
  if (fault === 'aborted') return 'aborted';
  return TIMEOUTS.has(fault) ? 'slow-down' : 'failed';
}

function faultOf(error: Error, isConnected: boolean): AttemptFault {
  if (error instanceof ExchangeEnded) return error.fault === 'enough' ? 'aborted' : error.fault;
  if (error instanceof WebhookInputError) {
    return error.code === 'HOST_UNRESOLVED' ? 'unresolved' : 'blocked';
  }
  const code = codeOf(error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || (!isConnected && code === 'ETIMEDOUT')) {
    return 'connect-timeout';
  }
  if (TLS.test(code)) return 'tls-failed';
  if (!isConnected) return 'connect-failed';
  return RESETS.has(code) ? 'reset' : 'protocol';
}

/** Codes of Node's TLS, of OpenSSL and of what it finds wrong with a certificate. */
const TLS =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|EPROTO$)/;
const RESETS = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** Returns the error of the address dialled last, for a name with several addresses. */
function innermost(error: Error): Error {
  const last: unknown = error instanceof AggregateError ? error.errors.at(-1) : undefined;
  return last instanceof Error ? last : error;
}

function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}
