import { ConfigError } from '@leanmq/core';
import { describe, expect, test } from '@jest/globals';

import { hmacSigner } from './index.js';

const CONVOY = { header: 'X-Convoy-Signature', secret: 'convoy-webhook-secret' };
const BODY = '{"event":"charge.success","amount":1000,"currency":"NGN"}';
const WEBHOOK = { id: 'msg_1', timestamp: 1700000000, body: BODY };

describe('hmacSigner', () => {
  test('gives the known signature of the body alone', () => {
    expect(hmacSigner(CONVOY)(WEBHOOK)).toEqual({
      'x-convoy-signature': '244449b7f48cbc2709060c9dcdc2b3aa47a78f540430579015c579fb12defbb4',
    });
  });

  test('gives the known signature of time and body, in one header', () => {
    const sign = hmacSigner({
      ...CONVOY,
      template: '{timestamp},{body}',
      format: 't={timestamp},v1={signature}',
    });
    expect(sign(WEBHOOK)).toEqual({
      'x-convoy-signature':
        't=1700000000,v1=77b8b9269f25a199846a55a2bd25b3fba151c70fdae60bb1dcd87fbbc943c55c',
    });
  });

  test('puts time and id into headers of their own, and signs the URL', () => {
    const sign = hmacSigner({
      ...CONVOY,
      template: '{id}|{timestamp}|{url}|{body}',
      algorithm: 'sha512',
      encoding: 'HEX',
      timestampHeader: 'X-Time',
      timestampUnit: 'ms',
      idHeader: 'X-Id',
    });
    const headers = sign({ ...WEBHOOK, url: 'https://example.com/hook' });
    expect(headers).toMatchObject({ 'x-time': '1700000000000', 'x-id': 'msg_1' });
    expect(headers['x-convoy-signature']).toMatch(/^[0-9A-F]{128}$/);
    expect(() => sign(WEBHOOK)).toThrow(ConfigError);
  });

  test.each([
    ['header', { header: 'a b' }],
    ['algorithm', { algorithm: 'md5' as never }],
    ['encoding', { encoding: 'base32' as never }],
    ['format', { format: 'sha256=' }],
    ['format', { format: '{signature}{signature}' }],
    ['format', { format: '{body}{signature}' }],
    ['template', { template: '{timestamp}' }],
    ['template', { template: '{body}{other}' }],
    ['template', { template: '{body' }],
    ['template', { template: '{id}.{body}' }],
    ['template', { timestampHeader: 'x-time' }],
    ['template', { template: '{timestamp}.{body}' }],
    ['timestampUnit', { timestampUnit: 'us' as never }],
    ['secretEncoding', { secretEncoding: 'utf16' as never }],
    ['idField', { idField: '' }],
    ['format', { prefix: 'sha256=' } as never],
  ])('refuses a wrong contract and names "%s": %p', (option, wrong) => {
    expect(() => hmacSigner({ ...CONVOY, ...wrong })).toThrow(ConfigError);
    expect(() => hmacSigner({ ...CONVOY, ...wrong })).toThrow(`"${option}"`);
  });

  test.each([
    ['', 'utf8'],
    ['secret\n', 'utf8'],
    ['0g', 'hex'],
    ['abc', 'hex'],
    ['a===', 'base64'],
    [undefined as never, 'utf8'],
  ] as const)('refuses the secret %j as %s', (secret, secretEncoding) => {
    expect(() => hmacSigner({ ...CONVOY, secret, secretEncoding })).toThrow(
      expect.objectContaining({ code: 'SECRET_INVALID' }),
    );
  });
});
