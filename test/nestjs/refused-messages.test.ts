import { describe, expect, test } from '@jest/globals';
import { OnWebhook, Payload } from '@leanmq/nestjs';
import {
  ForbiddenException,
  HttpException,
  Injectable,
  UnauthorizedException,
  UseGuards,
  UsePipes,
  ValidationPipe,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { IsInt } from 'class-validator';

import { useNest } from './support/nest.js';

const nest = useNest();

describe('what keeps a message from its handler', () => {
  @Injectable()
  class Gate implements CanActivate {
    canActivate(context: ExecutionContext) {
      const [{ how }] = context.getArgs<[{ how: string }]>();
      if (how === 'false') return false;
      if (how === 'unauthorized') throw new UnauthorizedException('Who are you?');
      if (how === 'busy') throw new HttpException('Not now', 429);
      if (how === 'broken') throw new Error('No database');
      return true;
    }
  }
  class CountDto {
    @IsInt()
    count!: number;
  }
  @UseGuards(Gate)
  @Injectable()
  class Handlers {
    calls = 0;

    @OnWebhook('/gate', { attempts: 2 })
    handle(@Payload() payload: { how: string }) {
      this.calls += 1;
      if (payload.how === 'own') throw new ForbiddenException('By the handler');
    }

    @UsePipes(new ValidationPipe({ expectedType: CountDto }))
    @OnWebhook('/count')
    onCount(@Payload() _count: unknown) {
      this.calls += 1;
    }
  }

  test.each([
    ['false', 'Forbidden resource', 'ForbiddenException'],
    ['unauthorized', 'Who are you?', 'UnauthorizedException'],
  ])(
    'a guard that denies (%s) rejects the message without retries, and its dead letter names it',
    async (how, message, name) => {
      const { publisher, next, module, mq } = await nest.start({ providers: [Handlers] });
      const dead = next('deadLettered');
      await publisher.send('/gate', { how });
      const named = `Guard Gate of Handlers.handle (RootTestModule): ${message}`;
      expect(await dead).toMatchObject({
        reason: 'rejected',
        attempt: 1,
        error: { message: named },
      });
      expect(module.get(Handlers).calls).toBe(0);
      const [letter] = await mq.deadLetters('/gate').list();
      expect(letter).toMatchObject({ data: { how }, error: { cause: { name } } });
    },
  );

  test.each(['busy', 'broken'])('a guard that cannot tell yet (%s) has it retried', async (how) => {
    const { publisher, next, module } = await nest.start({ providers: [Handlers] });
    const [retried, dead] = [next('retried'), next('deadLettered')];
    await publisher.send('/gate', { how });
    await retried;
    expect(await dead).toMatchObject({ reason: 'failed', attempt: 2 });
    expect(module.get(Handlers).calls).toBe(0);
  });

  test('the same exception from the handler itself is an ordinary failure', async () => {
    const { publisher, next, module } = await nest.start({ providers: [Handlers] });
    const dead = next('deadLettered');
    await publisher.send('/gate', { how: 'own' });
    expect(await dead).toMatchObject({ reason: 'failed', error: { message: 'By the handler' } });
    expect(module.get(Handlers).calls).toBe(2);
  });

  test("what Nest's ValidationPipe refuses is invalid, with its violations", async () => {
    const { publisher, next } = await nest.start({ providers: [Handlers] });
    const dead = next('deadLettered');
    await publisher.send('/count', { count: 'many' });
    expect(await dead).toMatchObject({
      reason: 'invalid',
      attempt: 1,
      error: { violations: ['count must be an integer number'] },
    });
  });
});
