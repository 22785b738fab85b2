import { InvalidDeliveryError } from '@leanmq/core';
import { toError } from '@leanmq/core/internal';
import type { ArgumentMetadata, PipeTransform, Type } from '@nestjs/common';

import { classValidation, type ClassValidation } from './class-validation.js';
import { describeViolations } from './violations.js';

/**
 * Converts a payload to a valid instance of the parameter's class. Unknown properties are kept, so that a publisher may be
 * newer than its subscribers.
 */
export class PayloadValidation implements PipeTransform {
  /** @throws {InvalidDeliveryError} which dead-letters the message as `invalid` */
  async transform(value: unknown, { metatype, data }: ArgumentMetadata): Promise<unknown> {
    const validation = await classValidation();
    if (validation?.covers(metatype) !== true) return value;
    const instance = instantiate(validation, metatype, value, data);
    const violations = await validation.violationsOf(instance, data);
    if (violations.length > 0) throw invalid(metatype, violations);
    return instance;
  }
}

function instantiate(
  validation: ClassValidation,
  type: Type<object>,
  value: unknown,
  property = 'payload',
): object {
  if (value instanceof type) return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(type, [`${property} must be an object`]);
  }
  try {
    return validation.instantiate(type, value);
  } catch (cause) {
    throw invalid(type, [`${property} cannot be transformed: ${toError(cause).message}`], cause);
  }
}

function invalid(
  { name }: Type<object>,
  violations: readonly string[],
  cause?: unknown,
): InvalidDeliveryError {
  return new InvalidDeliveryError(describeViolations(name, violations), { violations, cause });
}
