import { describe, expect, test } from '@jest/globals';
import {
  ConfigError,
  LeanMQ,
  LeanMQModule,
  OnWebhook,
  OnWebhookBatch,
  WebhookPublisher,
  type LeanMQLateOptions,
  type LeanMQModuleAsyncOptions,
  type LeanMQOptionsFactory,
} from '@leanmq/nestjs';
import { ConsoleLogger, Global, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';

import { eventually } from '../support/eventually.js';
import { signal, useNest } from './support/nest.js';

const nest = useNest();

@Injectable()
class Config {
  async load(): Promise<LeanMQLateOptions> {
    return nest.options();
  }
}
@Module({ providers: [Config], exports: [Config] })
class ConfigModule {}

@Injectable()
class Factory implements LeanMQOptionsFactory {
  createLeanMQOptions() {
    return nest.options();
  }
}
@Module({ providers: [Factory], exports: [Factory] })
class FactoryModule {}

@Injectable()
class InjectedFactory implements LeanMQOptionsFactory {
  constructor(private readonly config: Config) {}
  createLeanMQOptions() {
    return this.config.load();
  }
}

const handled = { by: signal<string>() };

@Injectable()
class Handlers {
  @OnWebhook('/configured')
  handle(payload: string) {
    handled.by(payload);
  }
}

describe('forRootAsync', () => {
  const variants: Record<string, LeanMQModuleAsyncOptions> = {
    useFactory: { useFactory: () => nest.options() },
    'useFactory with inject': {
      imports: [ConfigModule],
      inject: [Config],
      useFactory: (config: Config) => config.load(),
    },
    useClass: { useClass: Factory },
    'useClass with dependencies': { imports: [ConfigModule], useClass: InjectedFactory },
    useExisting: { imports: [FactoryModule], useExisting: Factory },
  };

  test.each(Object.keys(variants))('%s', async (name) => {
    handled.by = signal<string>();
    const { publisher } = await nest.init(
      Test.createTestingModule({
        imports: [LeanMQModule.forRootAsync(variants[name] as LeanMQModuleAsyncOptions)],
        providers: [Handlers],
      }),
    );
    await publisher.send('/configured', name);
    expect(await handled.by.happened).toBe(name);
  });

  test('without any of the three it says what is missing', () => {
    expect(() => LeanMQModule.forRootAsync({} as never)).toThrow(
      'forRootAsync() takes one of useFactory, useClass and useExisting.',
    );
  });
});

describe('options', () => {
  test.each([
    [{ leaseMs: 1 }, /"leaseMs" is 1; allowed/],
    [{ redis: undefined as never }, /"redis" is undefined; allowed/],
    [{ lease: 1 } as never, /"lease" is not known/],
  ])("are the core's, and checked by it: %j", async (wrong, message) => {
    const compiling = nest.build({}, wrong).compile();
    await expect(compiling).rejects.toThrow(ConfigError);
    await expect(compiling).rejects.toThrow(message);
  });
});

test('a factory that returns nothing is told what is missing', async () => {
  const leanmq = LeanMQModule.forRootAsync({ useFactory: () => undefined as never });
  await expect(Test.createTestingModule({ imports: [leanmq] }).compile()).rejects.toThrow(
    /"redis" is undefined; allowed/,
  );
});

describe('autoStart: false', () => {
  const got: unknown[] = [];

  @Injectable()
  class Both {
    @OnWebhook('/one')
    one(payload: unknown) {
      got.push(payload);
    }
    @OnWebhookBatch('/many', { batch: { size: 10, waitMs: 5 } })
    many(payloads: readonly unknown[]) {
      got.push(payloads);
    }
  }

  test('nothing is delivered until told: processOnce() runs the handlers for what is due', async () => {
    got.length = 0;
    const { mq, publisher } = await nest.start({ providers: [Both] }, { autoStart: false });
    await publisher.send('/one', 1);
    await publisher.sendMany('/many', [{ data: 2 }, { data: 3 }]);
    expect(await mq.processOnce()).toEqual({ processed: 3, failed: 0, deadLettered: 0 });
    expect(got).toHaveLength(2);
    expect(got).toEqual(expect.arrayContaining([1, [2, 3]]));
  });

  test('a handler that is not acceptable is an error at start all the same', async () => {
    @Injectable()
    class Wrong {
      @OnWebhook('/one', { concurrency: 0 })
      one() {}
    }
    await expect(nest.start({ providers: [Wrong] }, { autoStart: false })).rejects.toThrow(
      /^Wrong\.one \(RootTestModule\): Option "concurrency" is 0/,
    );
  });

  test('start() begins to deliver as it would have', async () => {
    got.length = 0;
    const { mq, publisher, next } = await nest.start({ providers: [Both] }, { autoStart: false });
    await mq.start();
    const acked = next('acked');
    await publisher.send('/one', 1);
    await acked;
    expect(got).toEqual([1]);
  });
});

describe('stop() and start() of the injected client', () => {
  test.each([true, false])(
    'a stopped application consumes nothing, and consumes again when started: autoStart %s',
    async (autoStart) => {
      const got: unknown[] = [];
      @Injectable()
      class Handlers {
        @OnWebhook('/one')
        one(payload: unknown) {
          got.push(payload);
        }
        @OnWebhookBatch('/many', { batch: { size: 1, waitMs: 5 } })
        many(payloads: readonly unknown[]) {
          got.push(payloads);
        }
      }
      const app = await nest.start({ providers: [Handlers] }, { autoStart });
      const { mq, publisher } = app;
      if (!autoStart) await mq.start();
      for (const round of [1, 2, 3]) {
        await publisher.send('/one', round);
        await publisher.send('/many', round);
        await eventually(() => got.length === round * 2);
        await mq.stop();
        expect(mq.health().consuming).toBe('stopped');
        // What is sent meanwhile waits for the next start.
        if (round < 3) await mq.start();
      }
      await publisher.send('/one', 'late');
      expect(got).toHaveLength(6);
      await mq.start();
      await eventually(() => got.includes('late'));
      expect(got).toEqual(expect.arrayContaining([1, [1], 2, [2], 3, [3], 'late']));
      await app.close();
    },
  );
});

describe('scope of the module', () => {
  @Injectable()
  class Sender {
    constructor(
      readonly publisher: WebhookPublisher,
      readonly mq: LeanMQ,
    ) {}
  }
  @Module({ providers: [Sender], exports: [Sender] })
  class SenderModule {}

  test('every module can inject the publisher and the client', async () => {
    const { module, mq } = await nest.start({ imports: [SenderModule] });
    expect(module.get(Sender).mq).toBe(mq);
    expect(await module.get(Sender).publisher.send('/a', 1)).toMatchObject({
      outcome: 'published',
    });
  });

  test('with isGlobal: false only modules that import it can', async () => {
    const leanmq = LeanMQModule.forRoot(nest.options({ isGlobal: false }));
    await expect(
      Test.createTestingModule({ imports: [leanmq, SenderModule] })
        .setLogger(new ConsoleLogger({ logLevels: [] }))
        .compile(),
    ).rejects.toThrow(/Nest can't resolve dependencies of the Sender/);

    @Module({ imports: [leanmq], providers: [Sender], exports: [Sender] })
    class ImportingModule {}
    const builder = Test.createTestingModule({ imports: [leanmq, ImportingModule] });
    const { module, mq } = await nest.init(builder);
    expect(module.get(Sender).mq).toBe(mq);
  });

  test('imported with two configurations it refuses to start: each would take the handlers of both', async () => {
    @Global()
    @Module({ imports: [LeanMQModule.forRoot(nest.options({ group: 'second' }))] })
    class Second {}
    await expect(nest.start({ imports: [Second] })).rejects.toThrow(
      'LeanMQModule is imported with 2 different configurations; import it once, in the root module.',
    );
  });
});
