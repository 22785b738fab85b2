import { BadRequestException, UnauthorizedException, type HttpException } from '@nestjs/common';

import type { WebhookVerificationError } from '../verifying/index.js';

/**
 * Makes the answer to a request that was not verified: 400 when its headers are malformed, else 401. It says the reason,
 * which the sender needs, and not the explanation.
 */
export function refusalResponse(error: WebhookVerificationError): HttpException {
  const { reason, code, message } = error;
  const body = { message, code, reason };
  return reason === 'malformed'
    ? new BadRequestException({ statusCode: 400, error: 'Bad Request', ...body }, { cause: error })
    : new UnauthorizedException(
        { statusCode: 401, error: 'Unauthorized', ...body },
        { cause: error },
      );
}
