import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  BatchAware,
  OnWebhookBatch,
  Payload,
  isLeanMQBatch,
  isLeanMQContext,
  type LeanMQArguments,
  type LeanMQBatchArguments,
} from '@leanmq/nestjs';
import {
  BadRequestException,
  HttpException,
  Injectable,
  createParamDecorator,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { map, of } from 'rxjs';

import { batchOf, ended, sendAll } from './support/batches.js';
import { useNest } from './support/nest.js';

const nest = useNest();
let steps: unknown[] = [];
beforeEach(() => {
  steps = [];
});

describe('guards, interceptors and pipes of a batch', () => {
  @BatchAware()
  @Injectable()
  class Guard implements CanActivate {
    canActivate(context: ExecutionContext) {
      const [payloads, deliveries] = context.getArgs<LeanMQBatchArguments>();
      const is = [isLeanMQContext(context), isLeanMQBatch(context)];
      steps.push(['guard', ...is, payloads, deliveries.length, context.getHandler().name]);
      return payloads[0] !== 'forbidden';
    }
  }
  @Injectable()
  class Wrap implements NestInterceptor {
    intercept(context: ExecutionContext, next: CallHandler) {
      const [payloads] = context.getArgs<LeanMQBatchArguments>();
      steps.push('interceptor');
      if (payloads[0] === 'skip') return of('skipped');
      const late = () => {
        throw new Error('Too late.');
      };
      if (payloads[1] === 'late') return next.handle().pipe(map(late));
      // As one that makes HTTP responses uniform.
      return next.handle().pipe(map((data: unknown) => ({ data })));
    }
  }
  @Injectable()
  class Pipe implements PipeTransform {
    transform(value: unknown) {
      if (value === 'bad') throw new BadRequestException('Bad.');
      if (value === 'busy') throw new HttpException('Not now', 429);
      if (typeof value === 'string') steps.push(`pipe ${value}`);
      return value;
    }
  }
  const Id = createParamDecorator((_: unknown, context: ExecutionContext) => {
    const [payload] = context.getArgs<LeanMQArguments>();
    return `of ${String(payload)}${isLeanMQBatch(context) ? ', a batch' : ''}`;
  });

  @Injectable()
  class Handlers {
    @OnWebhookBatch('/all', { ...batchOf(2), attempts: 1 })
    onAll(@Payload() rows: readonly string[], @Id() ids: readonly string[]) {
      steps.push(['handler', rows, ids]);
      return rows.map((each) => (each === 'fails' ? new Error('Failed.') : undefined));
    }
  }
  const providers = [
    Handlers,
    { provide: APP_GUARD, useClass: Guard },
    { provide: APP_INTERCEPTOR, useClass: Wrap },
    { provide: APP_PIPE, useClass: Pipe },
  ];

  async function run(rows: readonly string[]) {
    const app = await nest.start({ providers });
    const done = ended(app, 2);
    await sendAll(app, '/all', rows);
    const { acked, dead } = await done;
    return { acked: acked.length, dead };
  }

  test('run around a batch: pipes for each message, the others once', async () => {
    expect(await run(['a', 'b'])).toMatchObject({ acked: 2 });
    expect(steps.slice(0, 2)).toEqual([
      ['guard', true, true, ['a', 'b'], 2, 'onAll'],
      'interceptor',
    ]);
    // Of all messages and parameters at the same time, as Nest does it.
    expect(steps.slice(2, -1).toSorted()).toEqual(['pipe a', 'pipe b', 'pipe of a', 'pipe of b']);
    expect(steps.at(-1)).toEqual(['handler', ['a', 'b'], ['of a', 'of b']]);
  });

  test('a guard that knows batches and denies rejects each message of the batch, without retries', async () => {
    const { acked, dead } = await run(['forbidden', 'b']);
    expect(acked).toBe(0);
    const message = 'Guard Guard of Handlers.onAll (RootTestModule): Forbidden resource';
    const rejected = { reason: 'rejected', error: { message } };
    expect(dead).toMatchObject([rejected, rejected]);
    expect(steps).toHaveLength(1);
  });

  test.each([
    ['bad', { reason: 'invalid', error: { violations: ['Bad.'] } }],
    ['busy', { reason: 'failed', error: { message: 'Not now' } }],
  ])(
    'what a pipe keeps back (%s) is kept back alone, and means what it means for a single message',
    async (first, letter) => {
      const { acked, dead } = await run([first, 'b']);
      expect(acked).toBe(1);
      expect(dead).toMatchObject([letter]);
      expect(steps).toContainEqual(['handler', ['b'], ['of b']]);
    },
  );

  test('what an interceptor makes of the outcomes does not change them', async () => {
    const { acked, dead } = await run(['fails', 'b']);
    expect(acked).toBe(1);
    expect(dead).toMatchObject([{ reason: 'failed', error: { message: 'Failed.' } }]);
  });

  test('an interceptor that fails makes all fail that have not failed by themselves', async () => {
    const { dead } = await run(['fails', 'late']);
    expect(dead.map(({ error }) => error?.message).toSorted()).toEqual(['Failed.', 'Too late.']);
  });

  test('an interceptor may answer in place of the handler: all are done', async () => {
    expect(await run(['skip', 'b'])).toMatchObject({ acked: 2 });
    expect(steps).not.toContainEqual(expect.arrayContaining(['handler']));
  });
});
