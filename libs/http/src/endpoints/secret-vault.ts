import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ConfigError, LeanMQError } from '@leanmq/core';

/** A key that encrypts what is secret of endpoints. */
export interface EncryptionKey {
  /** Name by which what it has encrypted is found; letters, digits, `_` and `-`, at most 32. */
  readonly id: string;
  /** 32 random bytes, base64: `openssl rand -base64 32`. */
  readonly key: string;
}

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const ID = /^[A-Za-z0-9_-]{1,32}$/;
const PLAIN = 'plain';
const SEALED = 'v1';

/** A stored secret cannot be decrypted: its key is not among `encryptionKeys`, or the secret was changed or moved. */
export class SecretUnreadableError extends LeanMQError {
  constructor(endpointId: string, field: string, why: string) {
    super(
      'SECRET_UNREADABLE',
      `"${field}" of endpoint "${endpointId}" cannot be decrypted: ${why}.`,
    );
  }
}

/**
 * Encrypts the secrets of endpoints for Redis, by AES-256-GCM. What is sealed is bound to its endpoint and field: moved to
 * another, it does not open. Without keys everything is stored as it is.
 */
export class SecretVault {
  private readonly keys = new Map<string, Buffer>();
  private readonly current: string | undefined;

  /**
   * @param keys the first encrypts; the others only decrypt, during a rotation
   * @throws {ConfigError} for a key that is not 32 bytes in base64, or an id that is not a name or not the only one
   */
  constructor(keys: readonly EncryptionKey[] = []) {
    if (!Array.isArray(keys)) throw ConfigError.option('encryptionKeys', keys, 'a list of keys');
    (keys as readonly EncryptionKey[]).forEach((each, index) => {
      const name = `encryptionKeys[${index}]`;
      const { id, key } = Object(each) as EncryptionKey;
      if (typeof id !== 'string' || !ID.test(id) || this.keys.has(id)) {
        const allowed = 'an id of its own, of at most 32 letters, digits, "_" and "-"';
        throw ConfigError.option(`${name}.id`, id, allowed);
      }
      this.keys.set(id, keyBytes(`${name}.key`, key));
    });
    [this.current] = this.keys.keys();
  }

  /** True when the vault encrypts the secrets that it seals. */
  get encrypts(): boolean {
    return this.current !== undefined;
  }

  seal(endpointId: string, field: string, text: string): string {
    if (this.current === undefined) return `${PLAIN}.${text}`;
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.keys.get(this.current) as Buffer, iv);
    cipher.setAAD(bindingOf(this.current, endpointId, field));
    const sealed = Buffer.concat([
      cipher.update(text, 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return [SEALED, this.current, iv.toString('base64url'), sealed.toString('base64url')].join('.');
  }

  /** @throws {SecretUnreadableError} saying why, without what is stored */
  open(endpointId: string, field: string, stored: string): string {
    if (isPlain(stored)) return stored.slice(PLAIN.length + 1);
    const [version, id = '', iv = '', sealed = ''] = stored.split('.');
    const key = this.keys.get(id);
    if (version !== SEALED || key === undefined) {
      const why = `"encryptionKeys" has no key ${JSON.stringify(id)}; add it at the end of the list`;
      throw new SecretUnreadableError(endpointId, field, why);
    }
    try {
      return decrypted(key, bindingOf(id, endpointId, field), iv, sealed);
    } catch {
      // The error of OpenSSL says no more, and could hold what is stored.
      const why = `key ${JSON.stringify(id)} is another one now, or the value was changed`;
      throw new SecretUnreadableError(endpointId, field, why);
    }
  }

  /** Returns true when the secret is not sealed with the first key; store it again so that the old key can go. */
  isOutdated(stored: string): boolean {
    return this.encrypts && (isPlain(stored) || stored.split('.', 2)[1] !== this.current);
  }

  toJSON(): object {
    return { encrypts: this.encrypts };
  }
}

// `inspect` shows what is private in TypeScript only.
Object.defineProperty(SecretVault.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: SecretVault): string {
    return this.encrypts ? 'SecretVault (encrypts)' : 'SecretVault (plain)';
  },
});

function decrypted(key: Buffer, binding: Buffer, iv: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv(CIPHER, key, Buffer.from(iv, 'base64url'), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(binding);
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const text = decipher.update(bytes.subarray(0, -TAG_BYTES));
  return Buffer.concat([text, decipher.final()]).toString('utf8');
}

function isPlain(stored: string): boolean {
  return stored.startsWith(`${PLAIN}.`);
}

/** As JSON, so that no two lists of names are one text. */
function bindingOf(...names: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(names));
}

function keyBytes(name: string, key: unknown): Buffer {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : Buffer.alloc(0);
  if (bytes.length === KEY_BYTES && bytes.toString('base64') === key) return bytes;
  throw new ConfigError(
    `Option "${name}" is not acceptable; allowed: 32 random bytes in base64 (openssl rand -base64 32).`,
  );
}
