import { describe, expect, test } from '@jest/globals';
import { OnWebhook, OnWebhookBatch } from '@leanmq/nestjs';
import {
  Injectable,
  Scope,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';

import { batchOf } from './support/batches.js';
import { Deny } from './support/deny.js';
import { useNest } from './support/nest.js';

const nest = useNest();

describe('guards that Nest would leave out', () => {
  test('a guard on a class that is made by a factory is an error at start, not a hole', async () => {
    @UseGuards(Deny)
    @Injectable()
    class Handlers {
      @OnWebhook('/hole')
      handle() {}
    }

    const factory = { provide: Handlers, useFactory: () => new Handlers() };
    await expect(nest.start({ providers: [factory] })).rejects.toMatchObject({
      code: 'ENHANCER_UNKNOWN',
      message: expect.stringMatching(/^Handlers\.handle \(RootTestModule\): .*\bDeny\b/),
    });
    // With useClass it is found.
    const custom = { provide: 'HANDLERS', useClass: Handlers };
    const { publisher, next } = await nest.start({ providers: [custom] });
    const dead = next('deadLettered');
    await publisher.send('/hole', {});
    expect(await dead).toMatchObject({ reason: 'rejected' });
  });

  test('a request-scoped global guard guards handlers of singletons, too', async () => {
    const asked: string[] = [];

    @Injectable({ scope: Scope.REQUEST })
    class PerRequest implements CanActivate {
      canActivate(context: ExecutionContext) {
        asked.push(context.getHandler().name);
        return false;
      }
    }
    @Injectable()
    class Handlers {
      @OnWebhook('/scoped')
      onScoped() {}
    }
    const guard = { provide: APP_GUARD, useClass: PerRequest, scope: Scope.REQUEST };

    const { publisher, next } = await nest.start({ providers: [Handlers, guard] });
    const dead = next('deadLettered');
    await publisher.send('/scoped', {});
    expect(await dead).toMatchObject({ reason: 'rejected' });
    expect(asked).toEqual(['onScoped']);

    const value = { provide: 'VALUE', useValue: new Handlers() };
    await expect(nest.start({ providers: [value, guard] })).rejects.toMatchObject({
      message: expect.stringContaining('the request-scoped global PerRequest'),
    });
  });

  test('a guard that Nest would leave out of a batch handler is an error at start', async () => {
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
});
