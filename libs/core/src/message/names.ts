import { ConfigError } from '../errors.js';

const GROUP = /^[A-Za-z0-9._-]{1,128}$/;
const PREFIX = /^[A-Za-z0-9._:-]*(\{[A-Za-z0-9._:-]+\})?[A-Za-z0-9._:-]*$/;
// eslint-disable-next-line no-control-regex -- control characters are exactly what an id must not hold
const MESSAGE_ID = /^[^\u0000-\u001f\u007f]{1,256}$/u;

/** @throws {ConfigError} unless it is 1 to 128 of `A-Z a-z 0-9 . _ -` */
export function validGroup(group: string): string {
  if (typeof group !== 'string' || !GROUP.test(group)) {
    throw ConfigError.option('group', group, '1 to 128 of A-Z a-z 0-9 . _ -');
  }
  return group;
}

/** @throws {ConfigError} unless it is 1 to 128 of `A-Z a-z 0-9 . _ : -` with at most one `{hash tag}` */
export function validPrefix(prefix: string): string {
  const length = typeof prefix === 'string' ? prefix.length : 0;
  if (length < 1 || length > 128 || !PREFIX.test(prefix)) {
    throw ConfigError.option(
      'prefix',
      prefix,
      '1 to 128 of A-Z a-z 0-9 . _ : - and at most one {hash tag}',
    );
  }
  return prefix;
}

/** @throws {ConfigError} unless a caller's message id is 1 to 256 characters without control characters */
export function validMessageId(id: string): string {
  if (typeof id !== 'string' || !MESSAGE_ID.test(id)) {
    throw ConfigError.option('messageId', id, '1 to 256 characters without control characters');
  }
  return id;
}
