import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  BatchAware,
  OnWebhookBatch,
  RejectError,
  isLeanMQBatch,
  type LeanMQArguments,
  type WebhookDelivery,
} from '@leanmq/nestjs';
import {
  Catch,
  Inject,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type ExceptionFilter,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';

import { batchOf, ended, sendAll } from './support/batches.js';
import { useNest } from './support/nest.js';

const nest = useNest();
let steps: unknown[] = [];
beforeEach(() => {
  steps = [];
});

/** Written for single messages, as most guards are. */
@Injectable()
class NotBanned implements CanActivate {
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const [payload, { data }] = context.getArgs<LeanMQArguments<string>>();
    steps.push(['asked', payload, isLeanMQBatch(context), data, context.getHandler().name]);
    if (payload === 'broken') throw new Error('no database');
    if (payload === 'rejects') throw new RejectError('no such tenant');
    if (payload === 'hangs') return new Promise(() => undefined);
    return payload !== 'banned';
  }
}

async function run(handlers: new () => object, payloads: readonly unknown[], more = {}) {
  const app = await nest.start({ providers: [handlers] }, more);
  const done = ended(app, payloads.length);
  await sendAll(app, '/all', payloads);
  const { acked, dead } = await done;
  return { acked: acked.length, dead };
}

describe('a guard that has not declared that it knows batches', () => {
  @UseGuards(NotBanned)
  @Injectable()
  class Handlers {
    @OnWebhookBatch('/all', { ...batchOf(3), attempts: 1 })
    onAll(payloads: readonly string[], deliveries: readonly WebhookDelivery[]) {
      steps.push(['handled', payloads, deliveries.length]);
      return payloads.map((each) => (each === 'fails' ? new Error('Failed.') : undefined));
    }
  }

  test('is asked about each message, and keeps the one that it refuses from the handler', async () => {
    const { acked, dead } = await run(Handlers, ['a', 'banned', 'c']);
    expect(steps).toEqual([
      ['asked', 'a', false, 'a', 'onAll'],
      ['asked', 'banned', false, 'banned', 'onAll'],
      ['asked', 'c', false, 'c', 'onAll'],
      ['handled', ['a', 'c'], 2],
    ]);
    expect(acked).toBe(2);
    const message = 'Guard NotBanned of Handlers.onAll (RootTestModule): Forbidden resource';
    expect(dead).toMatchObject([{ reason: 'rejected', attempt: 1, error: { message } }]);
  });

  test('does not shift the outcomes of the messages that it lets pass', async () => {
    const { acked, dead } = await run(Handlers, ['banned', 'fails', 'c']);
    expect(acked).toBe(1);
    expect(dead.map(({ reason, error }) => [reason, error?.name]).toSorted()).toEqual([
      ['failed', 'Error'],
      ['rejected', 'RejectError'],
    ]);
  });

  test('fails a message alone when it throws, and names itself when it rejects', async () => {
    const { acked, dead } = await run(Handlers, ['broken', 'rejects', 'c']);
    expect(acked).toBe(1);
    const rejected = 'Guard NotBanned of Handlers.onAll (RootTestModule): no such tenant';
    expect(dead.map(({ reason, error }) => [reason, error?.message]).toSorted()).toEqual([
      ['failed', 'no database'],
      ['rejected', rejected],
    ]);
  });

  test('keeps the handler from being called when it refuses all', async () => {
    expect((await run(Handlers, ['banned', 'banned', 'banned'])).dead).toHaveLength(3);
    expect(steps).not.toContainEqual(expect.arrayContaining(['handled']));
  });

  test('that does not answer fails its message alone', async () => {
    const { acked, dead } = await run(Handlers, ['a', 'hangs', 'c'], {
      handlers: { handlerTimeoutMs: 1_000, attempts: 1 },
    });
    expect(steps).toContainEqual(['handled', ['a', 'c'], 2]);
    expect(acked).toBe(2);
    expect(dead).toMatchObject([
      { error: { code: 'HANDLER_TIMEOUT', message: expect.stringContaining('A guard did not') } },
    ]);
  });

  test('is asked about each message where it is global, too', async () => {
    @Injectable()
    class Unguarded {
      @OnWebhookBatch('/all', batchOf(2))
      onAll(payloads: readonly string[]) {
        steps.push(['handled', payloads]);
      }
    }
    const guard = { provide: APP_GUARD, useClass: NotBanned };
    const app = await nest.start({ providers: [Unguarded, guard] });
    const done = ended(app, 2);
    await sendAll(app, '/all', ['banned', 'b']);
    expect((await done).dead).toMatchObject([{ reason: 'rejected' }]);
    expect(steps.at(-1)).toEqual(['handled', ['b']]);
  });
});

test('a request-scoped guard finds the one message that it is asked about in REQUEST', async () => {
  @Injectable({ scope: Scope.REQUEST })
  class OfTenant implements CanActivate {
    constructor(@Inject(REQUEST) private readonly delivery: WebhookDelivery) {}
    canActivate() {
      steps.push(this.delivery.data);
      return this.delivery.data !== 'banned';
    }
  }
  @UseGuards(OfTenant)
  @Injectable()
  class Handlers {
    constructor(@Inject(REQUEST) private readonly deliveries: readonly WebhookDelivery[]) {}

    @OnWebhookBatch('/all', batchOf(2))
    onAll(payloads: readonly string[]) {
      steps.push([payloads, this.deliveries.map(({ data }) => data)]);
    }
  }
  const app = await nest.start({ providers: [Handlers] });
  const done = ended(app, 2);
  await sendAll(app, '/all', ['a', 'banned']);
  expect((await done).dead).toMatchObject([{ reason: 'rejected' }]);
  expect(steps).toEqual(['a', 'banned', [['a'], ['a', 'banned']]]);
});

describe('guards of both kinds', () => {
  @BatchAware()
  @Injectable()
  class Whole implements CanActivate {
    canActivate(context: ExecutionContext) {
      const [payloads] = context.getArgs<[string[]]>();
      steps.push(['whole', payloads]);
      return payloads[0] !== 'closed';
    }
  }
  @Injectable()
  class Override extends Whole {
    override canActivate(context: ExecutionContext) {
      steps.push(['override', context.getArgs<[unknown]>()[0]]);
      return true;
    }
  }
  @Injectable()
  class Around implements NestInterceptor {
    intercept(context: ExecutionContext, next: CallHandler) {
      steps.push(['interceptor', context.getArgs<[unknown]>()[0]]);
      return next.handle();
    }
  }
  @Catch()
  class Ignore implements ExceptionFilter {
    catch(error: Error, host: ArgumentsHost) {
      steps.push([error.message, host.getArgs<[unknown]>()[0]]);
      return 'dealt with';
    }
  }
  @UseGuards(NotBanned, Whole, Override)
  @UseInterceptors(Around)
  @Injectable()
  class Handlers {
    @OnWebhookBatch('/all', { ...batchOf(2), attempts: 1 })
    onAll(payloads: readonly string[]) {
      steps.push(['handled', payloads]);
    }
  }

  test('are asked in their order, about what those before them have let pass', async () => {
    const { acked } = await run(Handlers, ['banned', 'b']);
    expect(acked).toBe(1);
    expect(steps.slice(2)).toEqual([
      ['whole', ['b']],
      ['override', 'b'],
      ['interceptor', ['b']],
      ['handled', ['b']],
    ]);
  });

  test('refuse all that is left when the one that knows batches does', async () => {
    const { dead } = await run(Handlers, ['closed', 'b']);
    expect(dead.map(({ reason }) => reason)).toEqual(['rejected', 'rejected']);
    expect(steps.at(-1)).toEqual(['whole', ['closed', 'b']]);
  });

  test('leave to an exception filter what becomes of a message that they refuse', async () => {
    @UseFilters(Ignore)
    @Injectable()
    class Filtered extends Handlers {}
    expect(await run(Filtered, ['banned', 'b'])).toEqual({ acked: 2, dead: [] });
    expect(steps).toContainEqual(['Forbidden resource', 'banned']);
  });
});
