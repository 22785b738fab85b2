import { InvalidDeliveryError, RejectError } from '@leanmq/core';
import { HttpException, HttpStatus } from '@nestjs/common';

/** HTTP statuses that validating pipes throw. */
const INVALID: readonly number[] = [HttpStatus.BAD_REQUEST, HttpStatus.UNPROCESSABLE_ENTITY];
/** Client errors that are temporary. */
const LATER: readonly number[] = [HttpStatus.REQUEST_TIMEOUT, 425, HttpStatus.TOO_MANY_REQUESTS];

/**
 * Translates an HTTP exception of a guard, pipe or interceptor: "bad request" is an invalid message, any other client error a
 * refusal, and neither is retried. Pure.
 *
 * @param guard that threw the exception, if one did; the dead letter names it
 */
export function asRefusal(error: unknown, guard?: string): unknown {
  const named = (message: string): string =>
    guard === undefined ? message : `${guard}: ${message}`;
  if (guard !== undefined && error instanceof RejectError) {
    return new RejectError(named(error.message), { cause: error });
  }
  if (!(error instanceof HttpException)) return error;
  const status = error.getStatus();
  if (status < 400 || status >= 500 || LATER.includes(status)) return error;
  const message = named(error.message);
  if (!INVALID.includes(status)) return new RejectError(message, { cause: error });
  return new InvalidDeliveryError(message, { violations: violationsIn(error), cause: error });
}

/** Nest's pipes put the violations into the response's `message`. */
function violationsIn(error: HttpException): string[] {
  const response = error.getResponse();
  const message: unknown =
    typeof response === 'string' ? response : Reflect.get(response, 'message');
  return (Array.isArray(message) ? message : [message ?? error.message]).map(String);
}
