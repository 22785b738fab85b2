import { describe, expect, test } from '@jest/globals';
import { OnWebhook, WebhookController, type LeanMQEvents } from '@leanmq/nestjs';
import { Injectable } from '@nestjs/common';

import { useNest } from './support/nest.js';

const nest = useNest();

/** Returns the warnings that an application with these providers logs. */
async function warningsOf(
  providers: (new () => object)[],
  options: Parameters<typeof nest.build>[1] = {},
) {
  const seen: LeanMQEvents['warning'][0][] = [];
  const module = nest.closing(await nest.build({ providers }, options).compile());
  nest.parts(module).mq.events.on('warning', (warning) => seen.push(warning));
  await module.init();
  return seen.filter(({ code }) => code.startsWith('HANDLER_'));
}

/** A class with a handler that nobody provides, unless the test does. */
function handlers(path: string) {
  @Injectable()
  class Handlers {
    @OnWebhook(path)
    handle() {}
  }
  return Handlers;
}

describe('a class with handlers that no module provides', () => {
  test('is an error at start that names class, method and path', async () => {
    const Forgotten = handlers('/forgotten');
    const starting = warningsOf([], { unprovidedHandlers: 'error' });
    await expect(starting).rejects.toMatchObject({
      code: 'HANDLER_UNPROVIDED',
      message: expect.stringMatching(
        /Handlers, whose method handle handles "\/forgotten".*"providers".*"unprovidedHandlers"/,
      ),
    });
    // Provided, it is missed no more, by no other application of the process.
    await warningsOf([Forgotten], { unprovidedHandlers: 'ignore' });
    expect(await warningsOf([], { unprovidedHandlers: 'error' })).toEqual([]);
  });

  test('is warned about once in tests, where the next application may provide it', async () => {
    const Forgotten = handlers('/warned');
    const [warning] = await warningsOf([]);
    expect(warning).toMatchObject({ code: 'HANDLER_UNPROVIDED' });
    expect(warning?.message).toContain('"/warned"');
    expect(await warningsOf([])).toEqual([]);
    expect(Forgotten).toBeDefined();
  });

  test('is not missed where it is the parent of one that is provided, ignored, or nothing is handled at all', async () => {
    class Derived extends handlers('/parent') {}
    expect(await warningsOf([Derived])).toEqual([]);
    const Other = handlers('/other');
    expect(await warningsOf([], { unprovidedHandlers: 'ignore' })).toEqual([]);
    expect(await warningsOf([], { group: undefined as never })).toEqual([]);
    expect(await warningsOf([Other])).toEqual([]);
  });

  test('cannot be answered with anything else', async () => {
    const starting = warningsOf([], { unprovidedHandlers: 'throw' as never });
    await expect(starting).rejects.toThrow(/Option "unprovidedHandlers" is "throw"; allowed: "er/);
  });
});

test('a handler that another decorator has replaced is an error at start', async () => {
  const Transactional: MethodDecorator = (_target, _name, descriptor) => {
    const method = descriptor.value as unknown as () => unknown;
    descriptor.value = (() => method()) as never;
  };
  @WebhookController()
  class Orders {
    @Transactional
    @OnWebhook('/replaced')
    onOrder() {}
  }
  await expect(warningsOf([Orders])).rejects.toMatchObject({
    code: 'HANDLER_REPLACED',
    message: expect.stringMatching(/^Orders\.onOrder handles "\/replaced", but another decorator/),
  });
  @WebhookController()
  class Right {
    @OnWebhook('/replaced')
    @Transactional
    onOrder() {}
  }
  expect(await warningsOf([Right])).toEqual([]);
});

test('a handler that a subclass overrides without @OnWebhook is warned about', async () => {
  class Base extends handlers('/a') {}
  @Injectable()
  class Derived extends Base {
    override handle() {}
  }
  expect(await warningsOf([Derived])).toEqual([
    {
      code: 'HANDLER_OVERRIDDEN',
      message:
        'Derived.handle overrides Handlers.handle without @OnWebhook, so it does not handle "/a".',
    },
  ]);
});

test.each([undefined, null, '', Promise.resolve(undefined), Promise.resolve('')])(
  'a key function that returns nothing (%p) fails the message, naming class and method',
  async (key) => {
    @Injectable()
    class Orders {
      @OnWebhook('/orders', { attempts: 1, idempotent: () => key as never })
      onOrder() {}
    }
    const { publisher, nextDeath } = await nest.start({ providers: [Orders] });
    const death = nextDeath();
    await publisher.send('/orders', {});
    expect(await death).toMatchObject({
      error: {
        name: 'ConfigError',
        code: 'IDEMPOTENCY_KEY',
        message: expect.stringContaining('of Orders.onOrder (RootTestModule) returned'),
      },
    });
  },
);
