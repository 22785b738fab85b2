import { describe, expect, it, test } from '@jest/globals';

import { WebhookInputError } from '../input-error.js';
import type { AttemptFault, AttemptOutcome } from './attempt.js';
import { ExchangeEnded, verdictOfError, verdictOfStatus } from './classify.js';

describe('a status', () => {
  test.each<[status: number, outcome: AttemptOutcome, fault?: AttemptFault | undefined]>([
    [200, 'success', undefined],
    [201, 'success', undefined],
    [204, 'success', undefined],
    [299, 'success', undefined],
    [301, 'failed', 'redirect'],
    [304, 'failed', 'redirect'],
    [307, 'failed', 'redirect'],
    [400, 'failed', 'status'],
    [404, 'failed', 'status'],
    [408, 'failed', 'status'],
    [410, 'gone', 'status'],
    [429, 'slow-down', 'status'],
    [500, 'failed', 'status'],
    [502, 'slow-down', 'status'],
    [503, 'slow-down', 'status'],
    [504, 'slow-down', 'status'],
    [599, 'failed', 'status'],
  ])('of %i is %s', (status, outcome, fault) => {
    expect(verdictOfStatus(status)).toMatchObject({ outcome });
    expect(verdictOfStatus(status).error?.fault).toBe(fault);
  });
});

const coded = (code: string): Error => Object.assign(new Error('said by a library'), { code });

describe('an error', () => {
  test.each<[code: string, connected: boolean, AttemptOutcome, AttemptFault]>([
    ['ECONNREFUSED', false, 'failed', 'connect-failed'],
    ['ENETUNREACH', false, 'failed', 'connect-failed'],
    ['ETIMEDOUT', false, 'slow-down', 'connect-timeout'],
    ['UND_ERR_CONNECT_TIMEOUT', false, 'slow-down', 'connect-timeout'],
    ['CERT_HAS_EXPIRED', false, 'failed', 'tls-failed'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', false, 'failed', 'tls-failed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', false, 'failed', 'tls-failed'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', false, 'failed', 'tls-failed'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', true, 'failed', 'tls-failed'],
    ['ECONNRESET', true, 'failed', 'reset'],
    ['EPIPE', true, 'failed', 'reset'],
    ['UND_ERR_SOCKET', true, 'failed', 'reset'],
    ['HPE_INVALID_CONSTANT', true, 'failed', 'protocol'],
    ['UND_ERR_HEADERS_OVERFLOW', true, 'failed', 'protocol'],
    ['SOMETHING_NEW', true, 'failed', 'protocol'],
    ['SOMETHING_NEW', false, 'failed', 'connect-failed'],
  ])('%s, with a connection: %p, is %s by %s', (code, connected, outcome, fault) => {
    const verdict = verdictOfError(coded(code), connected);
    expect(verdict).toMatchObject({ outcome, error: { fault } });
    expect(verdict.error?.message).toMatch(/^[A-Z].*\.$/);
  });

  test.each<[ExchangeEnded['fault'], AttemptOutcome]>([
    ['timeout', 'slow-down'],
    ['headers-timeout', 'slow-down'],
    ['aborted', 'aborted'],
  ])('of our own, %s, is %s', (fault, outcome) => {
    expect(verdictOfError(new ExchangeEnded(fault), true)).toMatchObject({
      outcome,
      error: { fault },
    });
  });

  it('of the guard keeps its message', () => {
    const error = new WebhookInputError('ADDRESS_BLOCKED', 'url', 'The address is blocked.');
    expect(verdictOfError(error, false)).toEqual({
      outcome: 'failed',
      error: { fault: 'blocked', message: 'The address is blocked.' },
    });
  });

  it('of several addresses is that of the last', () => {
    const all = new AggregateError([coded('ENETUNREACH'), coded('ETIMEDOUT')]);
    expect(verdictOfError(all, false).error?.fault).toBe('connect-timeout');
  });

  it('cannot steer a terminal by its text', () => {
    const { error } = verdictOfError(new Error('bad \u001b[31m\n answer'), true);
    expect(error?.message).toBe('The answer is not HTTP: bad \\u001b[31m\\n answer.');
  });
});
