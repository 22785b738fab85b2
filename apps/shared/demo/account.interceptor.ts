import { isLeanMQContext, type WebhookDelivery } from '@leanmq/nestjs';
import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { tap, type Observable } from 'rxjs';

import { Account, type AccountLine } from './account.js';

/** Notes down when a webhook's handler begins and how it ends. */
@Injectable()
export class AccountInterceptor implements NestInterceptor {
  constructor(private readonly account: Account) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (!isLeanMQContext(context)) return next.handle();
    const [payload, delivery] = context.getArgs<[{ orderId: string }, WebhookDelivery]>();
    const { path, id, origin, attempt, crashes, replays } = delivery;
    const about = { path, id, origin, orderId: payload.orderId, attempt, crashes, replays };
    const write = (deed: AccountLine['deed'], error?: unknown): void =>
      this.account.write({
        deed,
        ...about,
        ...(error instanceof Error && { error: error.message }),
      });
    write('begin');
    return next.handle().pipe(
      tap({
        error: (error) => write('failed', error),
        complete: () => write('done'),
      }),
    );
  }
}
