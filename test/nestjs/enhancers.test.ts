import { describe, expect, test } from '@jest/globals';
import {
  Delivery,
  OnWebhook,
  Payload,
  RejectError,
  WebhookController,
  isLeanMQContext,
  type LeanMQArguments,
  type WebhookDelivery,
} from '@leanmq/nestjs';
import {
  Catch,
  ForbiddenException,
  HttpException,
  Injectable,
  Scope,
  SetMetadata,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, Reflector } from '@nestjs/core';
import { IsInt } from 'class-validator';
import { EMPTY, of, tap } from 'rxjs';

import { useNest } from './support/nest.js';

const nest = useNest();
const steps: string[] = [];

/** Everything that can be around a handler, and notes that it was called. */
function noting(where: string) {
  @Injectable()
  class Guard implements CanActivate {
    canActivate() {
      steps.push(`${where} guard`);
      return true;
    }
  }
  @Injectable()
  class Interceptor implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler) {
      steps.push(`${where} interceptor`);
      return next.handle().pipe(tap(() => steps.push(`after ${where} interceptor`)));
    }
  }
  @Injectable()
  class Pipe implements PipeTransform {
    transform(value: unknown) {
      steps.push(`${where} pipe`);
      return value;
    }
  }
  return { Guard, Interceptor, Pipe };
}

describe('guards, interceptors and pipes', () => {
  test('all of them run around a handler, in the order of an HTTP handler', async () => {
    const [global, type, method] = [noting('global'), noting('class'), noting('method')];

    @UseGuards(type.Guard)
    @UseInterceptors(type.Interceptor)
    @UsePipes(type.Pipe)
    @WebhookController()
    class Handlers {
      @UseGuards(method.Guard)
      @UseInterceptors(method.Interceptor)
      @UsePipes(method.Pipe)
      @OnWebhook('/all')
      handle(@Payload(noting('parameter').Pipe) _payload: unknown) {
        steps.push('handler');
      }
    }

    const { publisher, next } = await nest.start({
      providers: [
        Handlers,
        { provide: APP_GUARD, useClass: global.Guard },
        { provide: APP_INTERCEPTOR, useClass: global.Interceptor },
        { provide: APP_PIPE, useClass: global.Pipe },
      ],
    });
    steps.length = 0;
    const acked = next('acked');
    await publisher.send('/all', {});
    await acked;
    expect(steps).toEqual([
      'global guard',
      'class guard',
      'method guard',
      'global interceptor',
      'class interceptor',
      'method interceptor',
      'global pipe',
      'class pipe',
      'method pipe',
      'parameter pipe',
      'handler',
      'after method interceptor',
      'after class interceptor',
      'after global interceptor',
    ]);
  });

  test('those that are given to the application run too', async () => {
    const { Guard, Interceptor, Pipe } = noting('application');

    @Injectable()
    class Handlers {
      @OnWebhook('/app')
      handle() {
        steps.push('handler');
      }
    }

    const module = await nest.build({ providers: [Handlers] }).compile();
    const app = nest.closing(module.createNestApplication());
    app.useGlobalGuards(new Guard());
    app.useGlobalInterceptors(new Interceptor());
    app.useGlobalPipes(new Pipe());
    await app.init();
    steps.length = 0;
    const { publisher, next } = nest.parts(app);
    const acked = next('acked');
    await publisher.send('/app', {});
    await acked;
    expect(steps).toEqual([
      'application guard',
      'application interceptor',
      // One for each parameter: payload and delivery.
      'application pipe',
      'application pipe',
      'handler',
      'after application interceptor',
    ]);
  });

  test('a guard knows that it is asked about a message, and about which handler', async () => {
    const seen: unknown[] = [];

    @Injectable()
    class Roles implements CanActivate {
      constructor(private readonly reflector: Reflector) {}
      canActivate(context: ExecutionContext) {
        if (!isLeanMQContext(context)) return false;
        const [payload, delivery] = context.getArgs<LeanMQArguments>();
        seen.push(payload, delivery.path, context.getClass().name, context.getHandler().name);
        seen.push(context.switchToRpc().getData());
        seen.push(
          this.reflector.getAllAndMerge<string[]>('roles', [
            context.getHandler(),
            context.getClass(),
          ]),
        );
        return true;
      }
    }
    @SetMetadata('roles', ['user'])
    @UseGuards(Roles)
    @Injectable()
    class Handlers {
      @SetMetadata('roles', ['admin'])
      @OnWebhook('/who')
      onWho() {}
    }

    const { publisher, next } = await nest.start({ providers: [Handlers] });
    const acked = next('acked');
    await publisher.send('/who', { a: 1 });
    await acked;
    expect(seen).toEqual([{ a: 1 }, 'who', 'Handlers', 'onWho', { a: 1 }, ['admin', 'user']]);
  });

  test('an interceptor may answer in place of the handler, also with nothing', async () => {
    const handled: string[] = [];

    @Injectable()
    class Skip implements NestInterceptor {
      intercept(context: ExecutionContext, next: CallHandler) {
        const [{ skip }] = context.getArgs<[{ skip?: string }]>();
        if (skip === 'empty') return EMPTY;
        return skip === 'value' ? of(1) : next.handle();
      }
    }
    @Injectable()
    class Handlers {
      @UseInterceptors(Skip)
      @OnWebhook('/skip', { attempts: 1 })
      handle(@Payload('n') n: string) {
        handled.push(n);
      }
    }

    const { publisher, next } = await nest.start({ providers: [Handlers] });
    for (const payload of [{ skip: 'value', n: 'a' }, { skip: 'empty', n: 'b' }, { n: 'c' }]) {
      const acked = next('acked');
      await publisher.send('/skip', payload);
      await acked;
    }
    expect(handled).toEqual(['c']);
  });
});

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
  ])('a guard that denies (%s) rejects the message without retries', async (how, message, name) => {
    const { publisher, next, module, mq } = await nest.start({ providers: [Handlers] });
    const dead = next('deadLettered');
    await publisher.send('/gate', { how });
    expect(await dead).toMatchObject({ reason: 'rejected', attempt: 1, error: { message } });
    expect(module.get(Handlers).calls).toBe(0);
    const [letter] = await mq.deadLetters('/gate').list();
    expect(letter).toMatchObject({ data: { how }, error: { cause: { name } } });
  });

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

describe('guards that Nest would leave out', () => {
  @Injectable()
  class Deny implements CanActivate {
    canActivate() {
      return false;
    }
  }

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
});

describe('exception filters', () => {
  class NoStock extends Error {}
  const filtered: string[] = [];

  @Catch(NoStock)
  class Handling implements ExceptionFilter {
    catch(error: Error, host: ArgumentsHost) {
      filtered.push(`${host.getType<string>()}: ${error.message}`);
      return 'handled';
    }
  }
  @Catch()
  class Looking implements ExceptionFilter {
    async catch(error: Error) {
      filtered.push(`looked at ${error.message}`);
    }
  }
  @Catch(NoStock)
  class Rejecting implements ExceptionFilter {
    catch(error: Error) {
      throw new RejectError('Sold out', { cause: error });
    }
  }
  @Catch()
  class Broken implements ExceptionFilter {
    catch() {
      throw new TypeError('response.status is not a function');
    }
  }

  @UseFilters(Handling)
  @Injectable()
  class Handlers {
    @OnWebhook('/handled')
    handled() {
      throw new NoStock('none left');
    }
    @OnWebhook('/other', { attempts: 1 })
    other() {
      throw new Error('not a matter of stock');
    }
    @UseFilters(Looking)
    @OnWebhook('/looked', { attempts: 1 })
    looked() {
      throw new NoStock('none to see');
    }
    @UseFilters(Rejecting)
    @OnWebhook('/rejected')
    rejected() {
      throw new NoStock('none any more');
    }
    @UseFilters(Broken)
    @OnWebhook('/broken', { attempts: 1 })
    broken(@Delivery() { headers }: WebhookDelivery) {
      if (headers['reject']) throw new RejectError('as I say');
      throw new NoStock('hidden');
    }
  }

  async function send(path: string, event: 'acked' | 'deadLettered', headers = {}) {
    const { publisher, next } = await nest.start({ providers: [Handlers] });
    filtered.length = 0;
    const happened = next(event);
    await publisher.send(path, {}, { headers });
    return happened;
  }

  test('a filter that returns something has dealt with the failure: the message is done', async () => {
    await send('/handled', 'acked');
    expect(filtered).toEqual(['leanmq: none left']);
  });

  test('a filter that does not catch the exception is not asked', async () => {
    const dead = await send('/other', 'deadLettered');
    expect(dead).toMatchObject({ error: { message: 'not a matter of stock' } });
    expect(filtered).toEqual([]);
  });

  test('a filter that returns nothing, or resolves to nothing, loses no message', async () => {
    const dead = await send('/looked', 'deadLettered');
    expect(dead).toMatchObject({ reason: 'failed', error: { message: 'none to see' } });
    expect(filtered).toEqual(['looked at none to see']);
  });

  test('what a filter throws decides what becomes of the message', async () => {
    const dead = await send('/rejected', 'deadLettered');
    expect(dead).toMatchObject({ reason: 'rejected', attempt: 1, error: { message: 'Sold out' } });
  });

  test('a filter that fails by itself does not hide what it was asked about', async () => {
    const dead = await send('/broken', 'deadLettered');
    expect(dead).toMatchObject({
      error: { name: 'TypeError', cause: { message: 'hidden' } },
    });
  });

  test('RejectError, RetryError and InvalidDeliveryError are answers, and go past the filters', async () => {
    const dead = await send('/broken', 'deadLettered', { reject: 'yes' });
    expect(dead).toMatchObject({ reason: 'rejected', error: { message: 'as I say' } });
  });

  test('global filters are asked, and about what guards throw as well', async () => {
    @Catch(ForbiddenException)
    class Denied implements ExceptionFilter {
      catch() {
        filtered.push('denied');
        return true;
      }
    }
    @Injectable()
    class Deny implements CanActivate {
      canActivate() {
        return false;
      }
    }
    @UseGuards(Deny)
    @Injectable()
    class Guarded {
      @OnWebhook('/guarded')
      handle() {}
    }

    filtered.length = 0;
    const filter = { provide: APP_FILTER, useClass: Denied };
    const { publisher, next } = await nest.start({ providers: [Guarded, filter] });
    const acked = next('acked');
    await publisher.send('/guarded', {});
    await acked;
    expect(filtered).toEqual(['denied']);
  });
});
