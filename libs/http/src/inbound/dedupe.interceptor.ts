import { LeanMQ } from '@leanmq/core';
import { toError } from '@leanmq/core/internal';
import {
  ConflictException,
  Inject,
  Injectable,
  Logger,
  Optional,
  ServiceUnavailableException,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { from, lastValueFrom, of, type Observable } from 'rxjs';

import { inboundKey } from '../redis/index.js';
import { DedupeMark } from './dedupe-marks.js';
import { answersItself } from './answers-itself.js';
import { provedWebhookOf } from './proved-webhooks.js';
import { VerifiedRoutes } from './verified-routes.js';

const RETRY_AFTER_S = 5;

interface AnyResponse {
  readonly statusCode: number;
}

/** Runs a handler once for each id of the sender. */
@Injectable()
export class DedupeInterceptor implements NestInterceptor {
  private readonly logger = new Logger('LeanMQ');

  constructor(
    @Optional() @Inject(VerifiedRoutes) private readonly routes: VerifiedRoutes | undefined,
    @Inject(HttpAdapterHost) private readonly adapter: HttpAdapterHost,
    @Optional() @Inject(LeanMQ) private readonly mq: LeanMQ | undefined,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const dedupe = this.routes?.of(context.getHandler()).dedupe;
    const request = context.switchToHttp().getRequest<{ url: string; originalUrl?: string }>();
    const id = provedWebhookOf(request)?.id;
    const { mq } = this;
    if (dedupe === undefined || id === undefined || mq === undefined) return next.handle();
    const place = placeOf(request.originalUrl ?? request.url);
    const mark = new DedupeMark(mq, inboundKey(mq.toJSON().prefix, place, id), dedupe.leaseMs);
    const response = context.switchToHttp().getResponse<AnyResponse>();
    const decision = await mark.begin().catch((error: unknown) => {
      this.retryAfter(response, RETRY_AFTER_S);
      throw new ServiceUnavailableException('Redis is not available.', { cause: error });
    });
    switch (decision.state) {
      case 'run':
        return from(this.run(mark, dedupe.windowMs, response, next));
      case 'done':
        return this.answerDuplicate(context, response);
      case 'running':
        this.retryAfter(response, Math.ceil(decision.forMs / 1_000));
        throw new ConflictException('A request with this id is being handled.');
      default:
        return decision satisfies never;
    }
  }

  private async run(
    mark: DedupeMark,
    windowMs: number,
    response: AnyResponse,
    next: CallHandler,
  ): Promise<unknown> {
    let result: unknown;
    try {
      result = await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      await this.told(mark.free());
      throw error;
    }
    // A handler may answer a failure without throwing.
    await this.told(response.statusCode >= 300 ? mark.free() : mark.done(windowMs));
    return result;
  }

  /** The handler has run, whatever Redis says: its result is the answer. A lost mark ends with its lease. */
  private async told(answer: Promise<void>): Promise<void> {
    await answer.catch((error: unknown) => {
      this.logger.warn(`The id of a webhook could not be marked: ${toError(error).message}`);
    });
  }

  /** Nest answers with the status of a success, unless the method answers by itself. */
  private answerDuplicate(context: ExecutionContext, response: AnyResponse): Observable<unknown> {
    if (answersItself(context)) this.adapter.httpAdapter.reply(response, undefined, 200);
    return of(undefined);
  }

  private retryAfter(response: unknown, seconds: number): void {
    this.adapter.httpAdapter.setHeader(response, 'retry-after', String(Math.max(1, seconds)));
  }
}

/** Ids of two senders may be the same; their paths are not. */
function placeOf(url: string): string {
  return url.replace(/\?.*$/s, '').replace(/\/+$/, '');
}
