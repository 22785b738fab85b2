import { describe, expect, test } from '@jest/globals';
import {
  OnWebhook,
  Payload,
  WebhookController,
  isLeanMQContext,
  type LeanMQArguments,
} from '@leanmq/nestjs';
import {
  Injectable,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE, Reflector } from '@nestjs/core';
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
