import { assertKnownOptions, toError } from '@leanmq/core/internal';
import { WebhookInputError } from '../input-error.js';

/** The refusal of an operator that does not exist; it names the nearest one. */
export function unknownFilterOperator(
  field: string,
  name: string,
  known: readonly string[],
): WebhookInputError {
  let message = '';
  try {
    assertKnownOptions('a filter here', { [name]: undefined }, known);
  } catch (error) {
    message = toError(error).message.replace('Option', 'Operator');
  }
  return new WebhookInputError('FILTER_OPERATOR', field, message);
}
