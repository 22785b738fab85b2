import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  Delivery,
  OnWebhookBatch,
  Payload,
  isLeanMQBatch,
  isLeanMQContext,
  type LeanMQArguments,
  type LeanMQBatchArguments,
  type WebhookDelivery,
} from '@leanmq/nestjs';
import {
  BadRequestException,
  Catch,
  HttpException,
  Injectable,
  UseFilters,
  UseGuards,
  UsePipes,
  ValidationPipe,
  createParamDecorator,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { IsInt, IsString } from 'class-validator';
import { map, of } from 'rxjs';

import { batchOf, ended, sendAll } from './support/batches.js';
import { useNest } from './support/nest.js';

const nest = useNest();
let steps: unknown[] = [];
beforeEach(() => {
  steps = [];
});

class RowDto {
  @IsString()
  sku!: string;

  @IsInt()
  count!: number;

  get label(): string {
    return `${this.count} x ${this.sku}`;
  }
}

const row = (sku: unknown, count: unknown = 1) => ({ sku, count });

describe('the payloads of a batch', () => {
  let calls = 0;

  @Injectable()
  class Handlers {
    @OnWebhookBatch('/positional', { ...batchOf(3), payload: RowDto })
    positional(rows: readonly RowDto[]) {
      calls += 1;
      steps.push(rows.map((each) => [each instanceof RowDto, each.label]));
    }
    @OnWebhookBatch('/decorated', { ...batchOf(3), payload: RowDto, attempts: 1 })
    decorated(@Delivery() deliveries: readonly WebhookDelivery[], @Payload() rows: RowDto[]) {
      steps.push(rows.map((each) => [each instanceof RowDto, each.label]));
      return deliveries.map(({ data }) =>
        (data as RowDto).sku === 'fails' ? new Error('no such row') : undefined,
      );
    }
    @OnWebhookBatch('/untyped', batchOf(2))
    untyped(@Payload() rows: RowDto[]) {
      steps.push(rows);
    }
    @UsePipes(new ValidationPipe({ whitelist: true, transform: true }))
    @OnWebhookBatch('/whitelist', { ...batchOf(2), payload: RowDto })
    whitelist(@Payload() rows: RowDto[]) {
      steps.push(rows);
    }
  }

  test.each(['/positional', '/decorated'])(
    'are validated by themselves (%s): an invalid one is a dead letter, its neighbours are handled',
    async (path) => {
      const app = await nest.start({ providers: [Handlers] });
      const done = ended(app, 3);
      await sendAll(app, path, [row('A'), row(7, 'many'), row('C', 3)]);
      const { acked, dead } = await done;
      expect(steps).toEqual([
        [
          [true, '1 x A'],
          [true, '3 x C'],
        ],
      ]);
      expect(acked).toHaveLength(2);
      expect(dead).toMatchObject([
        {
          reason: 'invalid',
          attempt: 1,
          error: {
            violations: ['sku must be a string', 'count must be an integer number'],
          },
        },
      ]);
      expect(await app.mq.deadLetters(path).list()).toMatchObject([{ data: row(7, 'many') }]);
    },
  );

  test('that are invalid do not shift the outcomes of the others', async () => {
    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 3);
    await sendAll(app, '/decorated', [row(7), row('fails'), row('C')]);
    const { acked, dead } = await done;
    expect(acked).toHaveLength(1);
    const letters = await app.mq.deadLetters('/decorated').list();
    expect(letters.map(({ data, reason }) => [(data as RowDto).sku, reason]).toSorted()).toEqual([
      [7, 'invalid'],
      ['fails', 'failed'],
    ]);
    expect(dead).toHaveLength(2);
  });

  test('that are all invalid never reach the method', async () => {
    calls = 0;
    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 3);
    await sendAll(app, '/positional', [null, 'text', row(1)]);
    expect((await done).dead.map(({ reason }) => reason)).toEqual(Array(3).fill('invalid'));
    expect(calls).toBe(0);
  });

  test('come as they are when nobody says what they are', async () => {
    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 2);
    await sendAll(app, '/untyped', [row(7), null]);
    expect((await done).acked).toHaveLength(2);
    expect(steps).toEqual([[row(7), null]]);
  });

  test("go through Nest's ValidationPipe one by one, as what they are", async () => {
    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 2);
    await sendAll(app, '/whitelist', [{ ...row('A'), more: true }, row(7)]);
    expect((await done).dead).toMatchObject([
      { reason: 'invalid', error: { violations: ['sku must be a string'] } },
    ]);
    expect(steps).toEqual([[expect.any(RowDto)]]);
    expect(steps).toMatchObject([[row('A')]]);
    expect(steps).not.toMatchObject([[{ more: true }]]);
  });
});

describe('guards, interceptors and pipes', () => {
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

  test('a guard that denies rejects each message of the batch, without retries', async () => {
    const { acked, dead } = await run(['forbidden', 'b']);
    expect(acked).toBe(0);
    const rejected = { reason: 'rejected', error: { message: 'Forbidden resource' } };
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

describe('exception filters', () => {
  @Catch()
  class Handling implements ExceptionFilter {
    async catch(error: Error, host: ArgumentsHost) {
      const [about] = host.getArgs<[unknown]>();
      steps.push([error.message, about]);
      return error.message === 'known' ? 'handled' : undefined;
    }
  }
  @Injectable()
  class Refuse implements PipeTransform {
    transform(value: unknown) {
      if (value === 'refused') throw new BadRequestException('refused');
      return value;
    }
  }
  @Injectable()
  class Deny implements CanActivate {
    canActivate() {
      return false;
    }
  }
  @UseFilters(Handling)
  @Injectable()
  class Handlers {
    @OnWebhookBatch('/throws', { ...batchOf(2), attempts: 1, payload: RowDto })
    throws(@Payload() [first]: readonly RowDto[]) {
      throw new Error(first?.sku);
    }
    @OnWebhookBatch('/lists', { ...batchOf(2), attempts: 1 })
    lists() {
      return [new Error('known'), undefined];
    }
    @OnWebhookBatch('/piped', batchOf(2))
    piped(@Payload(Refuse) rows: readonly string[]) {
      steps.push(rows);
    }
    @UseGuards(Deny)
    @OnWebhookBatch('/denied', batchOf(2))
    denied() {}
  }

  async function run(path: string, payloads: readonly unknown[]) {
    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 2);
    await sendAll(app, path, payloads);
    const { acked, dead } = await done;
    return { acked: acked.length, reasons: dead.map(({ reason }) => reason).toSorted() };
  }

  test('are asked once about what the method throws, and one that deals with it has all done', async () => {
    const payloads = [row('known'), row('B')];
    expect(await run('/throws', payloads)).toEqual({ acked: 2, reasons: [] });
    expect(steps).toEqual([['known', payloads]]);
  });

  test('that have only looked lose no message', async () => {
    const { reasons } = await run('/throws', [row('unknown'), row('B')]);
    expect(reasons).toEqual(['failed', 'failed']);
  });

  test('do not have done what was invalid', async () => {
    const payloads = [row(7), row('known')];
    expect(await run('/throws', payloads)).toEqual({ acked: 1, reasons: ['invalid'] });
  });

  test('are not asked about the outcomes of single messages, which are answers', async () => {
    expect(await run('/lists', [1, 2])).toEqual({ acked: 1, reasons: ['failed'] });
    expect(steps).toEqual([]);
  });

  test('are asked about a message that a pipe keeps back, with its own arguments', async () => {
    expect(await run('/piped', ['refused', 'fine'])).toEqual({ acked: 1, reasons: ['invalid'] });
    expect(steps).toEqual([['refused', 'refused'], ['fine']]);
  });

  test('are asked about a guard that denies', async () => {
    const { reasons } = await run('/denied', [1, 2]);
    expect(reasons).toEqual(['rejected', 'rejected']);
    expect(steps).toEqual([['Forbidden resource', [1, 2]]]);
  });
});

test('a guard that Nest would leave out of a batch handler is an error at start', async () => {
  @Injectable()
  class Deny implements CanActivate {
    canActivate() {
      return false;
    }
  }
  @UseGuards(Deny)
  @Injectable()
  class Handlers {
    @OnWebhookBatch('/hole', batchOf(2))
    handle() {}
  }
  const factory = { provide: Handlers, useFactory: () => new Handlers() };
  await expect(nest.start({ providers: [factory] })).rejects.toMatchObject({
    code: 'ENHANCER_UNKNOWN',
    message: expect.stringMatching(/^Handlers\.handle \(RootTestModule\): Nest .*\bDeny\b/),
  });
});
