import { BrokerError, MessageIdConflictError, type LeanMQError } from '@leanmq/core';
import {
  Catch,
  ConflictException,
  ServiceUnavailableException,
  type ArgumentsHost,
} from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';

/** Says in HTTP what became of an order that could not be published. */
@Catch(BrokerError, MessageIdConflictError)
export class PublishErrorFilter extends BaseExceptionFilter {
  override catch(error: LeanMQError, host: ArgumentsHost): void {
    const answer =
      error instanceof MessageIdConflictError
        ? new ConflictException(error.message)
        : // It may be stored or not. With the same order id it is stored once, however often it is sent.
          new ServiceUnavailableException('Not certain. Send it again with the same orderId.');
    super.catch(answer, host);
  }
}
