import { describe, expect, test } from '@jest/globals';
import {
  BrokerRefusedError,
  BrokerUnavailableError,
  ConfigError,
  OnWebhook,
  OnWebhookBatch,
  Payload,
  WebhookController,
  type WebhookBatchOptions,
  type WebhookOptions,
} from '@leanmq/nestjs';
import { Injectable, Module } from '@nestjs/common';

import { RedisServer } from '../support/redis-server.js';
import { useNest } from './support/nest.js';

const nest = useNest();

/** @returns what an application with these classes fails with when it starts */
async function failure(
  providers: (new () => object)[],
  options?: Parameters<typeof nest.build>[1],
): Promise<unknown> {
  const starting = nest.start({ providers }, options);
  return starting.then(
    () => 'It started.',
    (error: unknown) => error,
  );
}

function handlerOf(path: string, options?: WebhookOptions) {
  @Injectable()
  class Handlers {
    @OnWebhook(path, options)
    handle() {}
  }
  return Handlers;
}

describe('a start-up error names what to change', () => {
  test('two handlers for one path', async () => {
    @WebhookController('/order')
    class First {
      @OnWebhook('/status')
      onStatus() {}
    }
    @Injectable()
    class Second {
      @OnWebhook('order/status/')
      alsoOnStatus() {}
    }
    @Module({ providers: [Second] })
    class SecondModule {}

    const starting = nest.start({ imports: [SecondModule], providers: [First] });
    await expect(starting).rejects.toMatchObject({ code: 'HANDLER_DUPLICATE' });
    await expect(starting).rejects.toThrow(
      /^"\/order\/status\/" has two handlers: (First\.onStatus \(RootTestModule\) and Second\.alsoOnStatus \(SecondModule\)|Second\.alsoOnStatus \(SecondModule\) and First\.onStatus \(RootTestModule\))\./,
    );
  });

  test('a class that is provided by two modules', async () => {
    const Twice = handlerOf('/twice');
    @Module({ providers: [Twice] })
    class Again {}
    await expect(nest.start({ imports: [Again], providers: [Twice] })).rejects.toThrow(
      /"\/twice\/" has two handlers: Handlers\.handle \(\w+\) and Handlers\.handle \(\w+\)/,
    );
  });

  test.each([
    ['', /^Handlers\.handle \(RootTestModule\): Path "" is not a webhook path; allowed: 1 to/],
    ['/a\n', /^Handlers\.handle \(RootTestModule\): Path "a\\n" is not a webhook path/],
    [undefined as never, /^Handlers\.handle \(RootTestModule\): Path undefined is not/],
  ])('an invalid path: %j', async (path, message) => {
    const error = await failure([handlerOf(path)]);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'PATH_INVALID', message: expect.stringMatching(message) });
  });

  test.each([
    [{ concurrency: 0 }, /Option "concurrency" is 0; allowed: a whole number, 1 to 10000\./],
    [{ attemps: 3 } as never, /"attemps" is not known/],
    ['fast' as never, /The options of a handler are "fast"; give an object\./],
    [5 as never, /The options of a handler are 5; give an object\./],
    [null as never, /The options of a handler are null; give an object\./],
    [
      { batch: { size: 2, waitMs: 1 } } as never,
      /"batch" is not for @OnWebhook,.*use @OnWebhookBatch\./,
    ],
  ])('an invalid option of a handler: %j', async (options, message) => {
    const error = await failure([handlerOf('/a', options)]);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(/Handlers\.handle \(RootTestModule\): /);
    expect(String(error)).toMatch(message);
  });

  const batch = { size: 2, waitMs: 1 };
  class NoDto {
    name = '';
  }

  test.each([
    [undefined, /Option "batch" is missing: .*\{ batch: \{ size: 50, waitMs: 20 \} \}/],
    [{ attempts: 3 }, /Option "batch" is missing/],
    [{ batch: 5 }, /Option "batch" is 5; allowed: \{ size, waitMs \}\./],
    [{ batch: { size: 0, waitMs: 1 } }, /Option "batch\.size" is 0; allowed: a whole number/],
    [{ batch, concurrency: 0 }, /Option "concurrency" is 0; allowed: a whole number, 1 to 10000\./],
    [{ batch, attemps: 3 }, /"attemps" is not known/],
    [{ batch, payload: 'NoDto' }, /Option "payload" is "NoDto"; allowed: the class of each/],
    [
      { batch, payload: NoDto },
      /Option "payload" is NoDto, but no parameter receives the whole payload/,
    ],
  ])('an invalid option of a batch handler: %j', async (options, message) => {
    @Injectable()
    class Handlers {
      @OnWebhookBatch('/a', options as WebhookBatchOptions)
      handle(@Payload('name') _names: string[]) {}
    }
    const error = await failure([Handlers]);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(/^ConfigError: Handlers\.handle \(RootTestModule\): Option/);
    expect(String(error)).toMatch(message);
  });

  test('a batch handler without options, which its types do not allow', () => {
    // @ts-expect-error -- without options
    expect(OnWebhookBatch('/a')).toBeDefined();
    // @ts-expect-error -- without batch
    expect(OnWebhookBatch('/a', { attempts: 3 })).toBeDefined();
  });

  test('a method that would get single messages and batches', async () => {
    @Injectable()
    class Handlers {
      @OnWebhook('/one')
      @OnWebhookBatch('/many', { batch })
      handle() {}
    }
    expect(String(await failure([Handlers]))).toMatch(
      /Handlers\.handle \(RootTestModule\) has both @OnWebhook and @OnWebhookBatch/,
    );
  });

  test('a batch handler and a handler for one path', async () => {
    @Injectable()
    class Handlers {
      @OnWebhook('/same')
      one() {}
      @OnWebhookBatch('/same', { batch })
      many() {}
    }
    expect(await failure([Handlers])).toMatchObject({
      code: 'HANDLER_DUPLICATE',
      message: expect.stringMatching(/Handlers\.one .* and Handlers\.many /),
    });
  });

  test('a handler in a service without a group', async () => {
    const error = await failure([handlerOf('/a')], { group: undefined as never });
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain(
      'Option "group" is missing: Handlers.handle (RootTestModule) handles "/a/"',
    );
  });

  test('Redis that cannot be reached', async () => {
    const redis = 'redis://127.0.0.1:1';
    const error = await failure([handlerOf('/a')], { redis, connectTimeoutMs: 200 });
    expect(error).toBeInstanceOf(BrokerUnavailableError);
    expect(String(error)).toMatch(/Redis/);
  });

  test('Redis that may evict messages', async () => {
    const server = await RedisServer.start({ config: { 'maxmemory-policy': 'allkeys-lru' } });
    try {
      const error = await failure([handlerOf('/a')], { redis: server.url });
      expect(error).toBeInstanceOf(BrokerRefusedError);
      expect(error).toMatchObject({ code: 'EVICTION_POLICY' });
      expect(String(error)).toMatch(/"allkeys-lru".*"noeviction".*allowEviction/);
    } finally {
      await server.stop();
    }
  });
});

test('with connect: "wait" an application starts without Redis', async () => {
  const { mq } = await nest.start(
    { providers: [handlerOf('/a')] },
    { redis: 'redis://127.0.0.1:1', connect: 'wait' },
  );
  expect(mq.health().status).toBe('down');
});
