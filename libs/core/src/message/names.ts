import { ConfigError } from '../errors.js';
import { isPlainText } from './plain-text.js';

const GROUP = /^[A-Za-z0-9._-]{1,128}$/;
const PREFIX = /^[A-Za-z0-9._:-]*(\{[A-Za-z0-9._:-]+\})?[A-Za-z0-9._:-]*$/;
// Such a prefix would put its keys among those of another prefix, for example `acme:{order}:inbox:routes`.
const WITHIN_ANOTHER = /:\{[^}]*\}:|:quarantine$/;
const MESSAGE_ID = /^.{1,256}$/su;

/** @throws {ConfigError} unless `group` is 1 to 128 of `A-Z a-z 0-9 . _ -` */
export function validGroup(group: string): string {
  if (typeof group !== 'string' || !GROUP.test(group)) {
    throw ConfigError.option('group', group, '1 to 128 of A-Z a-z 0-9 . _ -');
  }
  return group;
}

/**
 * @throws {ConfigError} unless `prefix` is 1 to 128 of `A-Z a-z 0-9 . _ : -` with at most one `{hash tag}`, and cannot
 * collide with the keys of another prefix
 */
export function validPrefix(prefix: string): string {
  const length = typeof prefix === 'string' ? prefix.length : 0;
  if (length < 1 || length > 128 || !PREFIX.test(prefix) || WITHIN_ANOTHER.test(prefix)) {
    throw ConfigError.option(
      'prefix',
      prefix,
      '1 to 128 of A-Z a-z 0-9 . _ : - and at most one {hash tag}, but no ":{…}:" inside and no ":quarantine" at the end',
    );
  }
  return prefix;
}

/**
 * @throws {ConfigError} unless `id` is 1 to 256 characters without control characters or halves of surrogate pairs
 */
export function validMessageId(id: string): string {
  if (typeof id !== 'string' || !MESSAGE_ID.test(id) || !isPlainText(id)) {
    throw ConfigError.option(
      'messageId',
      id,
      '1 to 256 characters without control characters or halves of surrogate pairs',
    );
  }
  return id;
}
