import { assertKnownOptions, toError, type ForeignNames } from '@leanmq/core/internal';
import { WebhookInputError } from '../input-error.js';

/**
 * Refuses a field that is not known: a misspelt one would silently have no effect. Pure.
 *
 * @param owner whoever has the fields, as the error names it
 * @param within the field that the object itself is, if it is one
 * @throws {WebhookInputError} FIELD_UNKNOWN, naming the nearest known field
 */
export function checkFields(
  owner: string,
  given: object,
  names: readonly string[],
  within?: string,
  foreign?: ForeignNames,
): void {
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const field = within === undefined ? unknown : `${within}.${unknown}`;
  try {
    assertKnownOptions(owner, { [unknown]: undefined }, names, foreign);
  } catch (error) {
    throw new WebhookInputError('FIELD_UNKNOWN', field, toError(error).message);
  }
}
