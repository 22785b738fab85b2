import { setImmediate } from 'node:timers/promises';

import { describe, expect, jest, test } from '@jest/globals';
import {
  BrokerError,
  ClosedError,
  OnWebhook,
  WebhookPublisher,
  type PublishResult,
  type WebhookDelivery,
} from '@leanmq/nestjs';
import {
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';

import { expectNoClients, expectNoNewResources, openResources } from '../support/leaks.js';
import { signal, useNest } from './support/nest.js';

const nest = useNest();

/** Stands for a database pool: of no use before it is open and after it is closed. */
class Pool {
  state: 'new' | 'open' | 'closed' = 'new';

  query(): void {
    if (this.state !== 'open') throw new Error(`the pool is ${this.state}`);
  }
}
@Injectable()
class EarlyPool extends Pool implements OnApplicationBootstrap, OnModuleDestroy {
  onApplicationBootstrap() {
    this.state = 'open';
  }
  onModuleDestroy() {
    this.state = 'closed';
  }
}
@Injectable()
class LatePool extends Pool implements OnApplicationBootstrap, OnApplicationShutdown {
  onApplicationBootstrap() {
    this.state = 'open';
  }
  onApplicationShutdown() {
    this.state = 'closed';
  }
}
@Module({ providers: [EarlyPool, LatePool], exports: [EarlyPool, LatePool] })
class DatabaseModule {}

/** A handler in the middle of its work, which goes on when the test says so. */
function halfway() {
  const [begun, goOn, ended] = [signal<WebhookDelivery>(), signal(), signal<unknown>()];

  @Injectable()
  class Handlers {
    constructor(
      private readonly early: EarlyPool,
      private readonly late: LatePool,
      private readonly publisher: WebhookPublisher,
    ) {}

    @OnWebhook('/work')
    async work(_payload: unknown, delivery: WebhookDelivery) {
      begun(delivery);
      await goOn.happened;
      try {
        this.early.query();
        this.late.query();
        ended(await this.publisher.send('/done', {}));
      } catch (error) {
        ended(error);
        throw error;
      }
    }
  }
  return { Handlers, begun, goOn, ended };
}

async function turnsOfTheLoop(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await setImmediate();
}

function expectNoOwnClients(options?: { timeoutMs: number }): Promise<void> {
  return expectNoClients(nest.broker.redis, `leanmq:${nest.broker.prefix}:`, options);
}

describe('start', () => {
  test('deliveries begin when every module has started', async () => {
    await nest.broker.mq().publish('/work', {});
    const { Handlers, goOn, ended } = halfway();
    goOn();
    await nest.start({ imports: [DatabaseModule], providers: [Handlers] });
    expect(await ended.happened).toMatchObject({ outcome: 'published' });
  });

  test('an application that cannot start leaves no connection behind', async () => {
    const before = await openResources();
    const redis = 'redis://127.0.0.1:1';
    const module = await nest.build({}, { redis, connectTimeoutMs: 200 }).compile();
    await expect(module.init()).rejects.toThrow(BrokerError);
    await expectNoNewResources(before);
  });
});

describe('a start that fails in another module', () => {
  const early = {
    provide: 'EARLY',
    useFactory: (publisher: WebhookPublisher) => new Early(publisher),
    inject: [WebhookPublisher],
  };
  class Early {
    constructor(private readonly publisher: WebhookPublisher) {}
    async onModuleInit() {
      await this.publisher.send('/early', {});
    }
  }
  class InitFails {
    onModuleInit() {
      throw new Error('no settings');
    }
  }
  class BootstrapFails {
    onApplicationBootstrap() {
      throw new Error('no settings');
    }
  }

  test.each([
    ['onModuleInit', InitFails],
    ['onApplicationBootstrap', BootstrapFails],
  ])('leaves no connection and no timer behind: %s', async (_, failing) => {
    const before = await openResources();
    // Hooks of global modules run first.
    @Module({ providers: [early] })
    class EarlyModule {}
    const imports = [{ module: EarlyModule, global: true }];
    const module = await nest.build({ providers: [failing], imports }).compile();
    await expect(module.init()).rejects.toThrow('no settings');
    await expectNoOwnClients();
    await expectNoNewResources(before);
  });

  test('is told, although what cleans up after it fails too', async () => {
    const module = await nest.build({ providers: [InitFails] }).compile();
    const { mq } = nest.parts(module);
    const close = mq.close.bind(mq);
    jest.spyOn(mq, 'close').mockImplementation(async () => {
      await close();
      throw new Error('the clean-up failed');
    });
    await expect(module.init()).rejects.toThrow('no settings');
  });
});

describe('shutdown', () => {
  test.each(['root', 'imported', 'global'])(
    'running handlers end before a pool of a %s module is closed, and can still publish',
    async (where) => {
      const { Handlers, begun, goOn, ended } = halfway();
      const database =
        where === 'root'
          ? { providers: [Handlers, EarlyPool, LatePool] }
          : {
              providers: [Handlers],
              imports: [{ module: DatabaseModule, global: where === 'global' }],
            };
      const { module, publisher, mq, next, close } = await nest.start(database);
      await publisher.send('/work', {});
      const { signal: abort } = await begun.happened;

      const [closing, acked] = [close(), next('acked')];
      // Time enough for every hook that nothing holds up.
      await turnsOfTheLoop(100);
      goOn();
      expect(await ended.happened).toMatchObject({ outcome: 'published' });
      await acked;
      await closing;
      expect(abort.aborted).toBe(false);
      expect(module.get(EarlyPool).state).toBe('closed');
      expect(module.get(LatePool).state).toBe('closed');
      expect(mq.health()).toMatchObject({ status: 'down', isClosed: true });
    },
  );

  test('nothing new is read while running handlers are waited for', async () => {
    const { Handlers, begun, goOn } = halfway();
    const { close, publisher } = await nest.start(
      { imports: [DatabaseModule], providers: [Handlers] },
      { handlers: { concurrency: 1 } },
    );
    await publisher.send('/work', { n: 1 });
    await begun.happened;
    const closing = close();
    await publisher.send('/work', { n: 2 });
    goOn();
    await closing;

    const left = nest.broker.mq({ group: nest.broker.prefix });
    const got = signal<WebhookDelivery>();
    await left.consume('/work', (delivery) => got(delivery));
    expect(await got.happened).toMatchObject({ data: { n: 2 }, attempt: 1 });
  });

  test('what does not end in time is given back without using an attempt up', async () => {
    const { Handlers, begun, goOn } = halfway();
    const { close, publisher, next } = await nest.start(
      { imports: [DatabaseModule], providers: [Handlers] },
      { drainTimeoutMs: 50 },
    );
    await publisher.send('/work', {});
    const { signal: abort } = await begun.happened;
    const released = next('released');
    await close();
    expect(await released).toMatchObject({ attempt: 1 });
    expect(abort.aborted).toBe(true);
    goOn();

    const left = nest.broker.mq({ group: nest.broker.prefix });
    const got = signal<WebhookDelivery>();
    await left.consume('/work', (delivery) => got(delivery));
    expect(await got.happened).toMatchObject({ attempt: 1 });
  });

  test('the publisher is there until everything else has ended, and then says that it is closed', async () => {
    const sent: PublishResult[] = [];

    @Injectable()
    class Goodbye implements OnApplicationShutdown {
      constructor(private readonly publisher: WebhookPublisher) {}
      async onApplicationShutdown() {
        sent.push(await this.publisher.send('/goodbye', {}));
      }
    }
    @Module({ providers: [Goodbye] })
    class GoodbyeModule {}

    const { close, publisher } = await nest.start({
      imports: [{ module: GoodbyeModule, global: true }],
    });
    await close();
    expect(sent).toMatchObject([{ outcome: 'published' }]);
    await expect(publisher.send('/late', {})).rejects.toThrow(ClosedError);
  });

  test('nothing is left behind: no connection, no timer', async () => {
    const before = await openResources();
    const { Handlers, goOn, ended } = halfway();
    goOn();
    const { close, publisher } = await nest.start({
      imports: [DatabaseModule],
      providers: [Handlers],
    });
    await publisher.send('/work', {});
    await ended.happened;
    await expect(expectNoOwnClients({ timeoutMs: 0 })).rejects.toThrow('connections left open');
    await close();
    await expectNoNewResources(before);
  });

  test('an application that is closed without having been started closes', async () => {
    const module = await nest.build({}).compile();
    await module.get(WebhookPublisher).send('/early', {});
    await module.close();
    await expectNoOwnClients();
  });
});

describe('signals', () => {
  test('with enableShutdownHooks a SIGTERM drains before the process goes', async () => {
    const gone = signal<unknown[]>();
    // Nest ends the process by sending it the signal again; this one is still needed, also if the test fails.
    jest.spyOn(process, 'kill').mockImplementation((...args) => {
      gone(args);
      return true;
    });
    const { Handlers, begun, goOn, ended } = halfway();
    const { module, publisher } = await nest.start({
      imports: [DatabaseModule],
      providers: [Handlers],
    });
    module.enableShutdownHooks(['SIGTERM']);
    await publisher.send('/work', {});
    await begun.happened;
    process.emit('SIGTERM', 'SIGTERM');
    await turnsOfTheLoop(100);
    goOn();
    expect(await gone.happened).toEqual([process.pid, 'SIGTERM']);
    expect(await ended.happened).toMatchObject({ outcome: 'published' });
    await expectNoOwnClients();
  });
});
