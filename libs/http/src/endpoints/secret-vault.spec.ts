import { inspect } from 'node:util';
import { describe, expect, it, test } from '@jest/globals';

import { rotateSecrets, validSecrets } from './rotate-secrets.js';
import { SecretVault } from './secret-vault.js';
import { Secret } from './secret.js';

const key = (id: string, octet: number): { id: string; key: string } => ({
  id,
  key: Buffer.alloc(32, octet).toString('base64'),
});
const OLD = key('old', 1);
const NEW = key('new', 2);
const TEXT = 'Grüße, whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('a vault', () => {
  it('opens what it has sealed, each time in another way', () => {
    const vault = new SecretVault([OLD]);
    const sealed = vault.seal('ep_1', 'secret', TEXT);
    expect(vault.open('ep_1', 'secret', sealed)).toBe(TEXT);
    expect(vault.seal('ep_1', 'secret', TEXT)).not.toBe(sealed);
    expect(vault.open('ep_1', 'secret', vault.seal('ep_1', 'secret', ''))).toBe('');
  });

  test.each<[what: string, id: string, field: string]>([
    ['another endpoint', 'ep_2', 'secret'],
    ['another field', 'ep_1', 'auth.bearer'],
  ])('does not open what was moved to %s', (_, id, field) => {
    const vault = new SecretVault([OLD]);
    const sealed = vault.seal('ep_1', 'secret', TEXT);
    expect(() => vault.open(id, field, sealed)).toThrow(
      expect.objectContaining({ code: 'SECRET_UNREADABLE' }),
    );
  });

  it('does not open what has any other octet', () => {
    const vault = new SecretVault([OLD]);
    const [version, id, iv = '', sealed = ''] = vault.seal('ep_1', 'secret', 'text').split('.');
    for (const part of [iv, sealed]) {
      const bytes = Buffer.from(part, 'base64url');
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] as number) ^ 1;
        const text = changed.toString('base64url');
        const stored = part === iv ? [version, id, text, sealed] : [version, id, iv, text];
        expect(() => vault.open('ep_1', 'secret', stored.join('.'))).toThrow('cannot be decrypted');
      }
    }
    expect(() => vault.open('ep_1', 'secret', 'v1.old.AAAA.')).toThrow('cannot be decrypted');
    expect(() => vault.open('ep_1', 'secret', '')).toThrow('cannot be decrypted');
  });

  it('seals with its first key, opens with all, and tells what is to be sealed again', () => {
    const sealed = new SecretVault([OLD]).seal('ep_1', 'secret', TEXT);
    const rotating = new SecretVault([NEW, OLD]);
    expect(rotating.open('ep_1', 'secret', sealed)).toBe(TEXT);
    expect(rotating.isOutdated(sealed)).toBe(true);
    const again = rotating.seal('ep_1', 'secret', TEXT);
    expect(rotating.isOutdated(again)).toBe(false);
    const rotated = new SecretVault([NEW]);
    expect(rotated.open('ep_1', 'secret', again)).toBe(TEXT);
    expect(() => rotated.open('ep_1', 'secret', sealed)).toThrow('has no key "old"');
    expect(() => new SecretVault([key('old', 9)]).open('ep_1', 'secret', sealed)).toThrow(
      'key "old" is another one now',
    );
  });

  it('without keys stores texts as they are, and with keys later opens and seals them', () => {
    const stored = new SecretVault().seal('ep_1', 'secret', TEXT);
    const vault = new SecretVault([NEW]);
    expect(vault.open('ep_1', 'secret', stored)).toBe(TEXT);
    expect(vault.isOutdated(stored)).toBe(true);
    expect(new SecretVault().isOutdated(stored)).toBe(false);
    expect(new SecretVault().encrypts).toBe(false);
  });

  test.each<[keys: unknown, named: string]>([
    ['key', 'encryptionKeys'],
    [[null], 'encryptionKeys[0].id'],
    [[{ id: 'a.b', key: OLD.key }], 'encryptionKeys[0].id'],
    [[OLD, { ...NEW, id: 'old' }], 'encryptionKeys[1].id'],
    [[{ id: 'a', key: 'c2hvcnQ=' }], 'encryptionKeys[0].key'],
    [[{ id: 'a', key: `${OLD.key} ` }], 'encryptionKeys[0].key'],
    [[{ id: 'a', key: Buffer.alloc(32).toString('hex') }], 'encryptionKeys[0].key'],
  ])('with %j is refused', (keys, named) => {
    expect(() => new SecretVault(keys as [])).toThrow(`Option "${named}" is `);
  });

  it('shows none of its keys', () => {
    const vault = new SecretVault([OLD]);
    const shown = inspect(vault, { depth: 9, showHidden: true }) + JSON.stringify(vault);
    expect(shown).toBe('SecretVault (encrypts){"encrypts":true}');
  });
});

describe('a rotation', () => {
  const NOW = 1_700_000_000_000;
  const HOUR = 3_600_000;
  const secret = (n: number): Secret => new Secret(`whsec_${n}`);

  it('puts the new secret in front, and ends the one before it after the overlap', () => {
    const first = [{ secret: secret(1), validUntil: undefined }];
    const rotated = rotateSecrets(first, secret(2), NOW, HOUR);
    expect(rotated.map(({ secret: each, validUntil }) => [each.reveal(), validUntil])).toEqual([
      ['whsec_2', undefined],
      ['whsec_1', NOW + HOUR],
    ]);
    expect(validSecrets(rotated, NOW + HOUR - 1)).toHaveLength(2);
    expect(validSecrets(rotated, NOW + HOUR)).toHaveLength(1);
    expect(rotateSecrets(rotated, secret(2), NOW, HOUR)).toBe(rotated);
    expect(
      rotateSecrets(rotated, secret(3), NOW, 0).map(({ secret: each }) => each.reveal()),
    ).toEqual(['whsec_3', 'whsec_1']);
  });

  it('is refused when five secrets are valid, until one ends', () => {
    let secrets = rotateSecrets([], secret(1), NOW);
    for (const n of [2, 3, 4, 5]) secrets = rotateSecrets(secrets, secret(n), NOW, n * HOUR);
    expect(secrets).toHaveLength(5);
    expect(() => rotateSecrets(secrets, secret(6), NOW, HOUR)).toThrow(
      expect.objectContaining({ code: 'SECRETS_FULL', field: 'secret', retryable: true }),
    );
    expect(rotateSecrets(secrets, secret(6), NOW + 2 * HOUR, HOUR)).toHaveLength(5);
    expect(rotateSecrets(secrets, secret(6), NOW, 0)).toHaveLength(5);
  });

  test.each([-1, 0.5, 8 * 24 * HOUR, NaN])('with an overlap of %p is refused', (overlapMs) => {
    expect(() => rotateSecrets([], secret(1), NOW, overlapMs)).toThrow(
      expect.objectContaining({ code: 'FIELD_INVALID', field: 'overlapMs' }),
    );
  });
});
