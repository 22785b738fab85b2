import 'reflect-metadata';

import { afterEach } from '@jest/globals';
import {
  LeanMQ,
  LeanMQModule,
  WebhookPublisher,
  type LeanMQEvents,
  type LeanMQModuleOptions,
} from '@leanmq/nestjs';
import type { INestApplicationContext, ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';

import { QUICK, useBroker, type Broker } from '../../support/broker.js';
import { nextEvent } from '../../support/eventually.js';

/** A started application, and what tests need of it. */
export interface App {
  readonly module: TestingModule;
  readonly mq: LeanMQ;
  readonly publisher: WebhookPublisher;
  /** The next event of that name. */
  next<Name extends keyof LeanMQEvents>(name: Name): Promise<LeanMQEvents[Name][0]>;
  /** Waits for the next message to end; resolves to its dead letter, or undefined when it is acked. */
  nextDeath(): Promise<LeanMQEvents['deadLettered'][0] | undefined>;
  /** Closes the application before the test ends. */
  close(): Promise<void>;
}

export interface Nest {
  readonly broker: Broker;
  /** Options for the test's namespace; quiet, because most tests provoke what would be logged. */
  options(more?: Partial<LeanMQModuleOptions>): LeanMQModuleOptions;
  /** An application that is closed when the test ends, not yet compiled. */
  build(metadata: ModuleMetadata, more?: Partial<LeanMQModuleOptions>): TestingModuleBuilder;
  /** Starts an application that is closed when the test ends. */
  start(metadata: ModuleMetadata, more?: Partial<LeanMQModuleOptions>): Promise<App>;
  /** Starts what `build` has made, or any other module. */
  init(builder: TestingModuleBuilder): Promise<App>;
  /** Returns the parts that tests need of an application that they started themselves. */
  parts(app: INestApplicationContext): Omit<App, 'module'>;
  /** Closes `app` when the test ends. */
  closing<T extends { close(): Promise<void> }>(app: T): T;
}

/** Nest applications on the shared Redis, in a namespace for each test. */
export function useNest(): Nest {
  let open: { close(): Promise<void> }[] = [];
  // Before the broker's own hook, which checks that nothing is left connected.
  afterEach(async () => {
    const apps = open;
    open = [];
    // One that could not start may refuse to close; that it left nothing behind is checked anyway.
    await Promise.allSettled(apps.map((app) => app.close()));
  });
  const broker = useBroker();

  const nest: Nest = {
    broker,
    options: (more = {}) => ({
      ...QUICK,
      redis: broker.url,
      prefix: broker.prefix,
      group: broker.prefix,
      logger: false,
      ...more,
    }),
    build: ({ imports = [], ...metadata }, more) =>
      Test.createTestingModule({
        imports: [LeanMQModule.forRoot(nest.options(more)), ...imports],
        ...metadata,
      }),
    start: (metadata, more) => nest.init(nest.build(metadata, more)),
    async init(builder) {
      const module = nest.closing(await builder.compile());
      await module.init();
      return { module, ...nest.parts(module) };
    },
    parts(app) {
      const mq = app.get(LeanMQ);
      const publisher = app.get(WebhookPublisher);
      return {
        mq,
        publisher,
        close: () => {
          open = open.filter((other) => other !== app);
          return app.close();
        },
        next: (name) => nextEvent(mq.events, name),
        nextDeath: () =>
          new Promise((resolve) => {
            const end = (
              event: LeanMQEvents['acked'][0] | LeanMQEvents['deadLettered'][0],
            ): void => {
              mq.events.off('acked', end).off('deadLettered', end);
              resolve('reason' in event ? event : undefined);
            };
            mq.events.on('acked', end).on('deadLettered', end);
          }),
      };
    },
    closing(app) {
      open.push(app);
      return app;
    },
  };
  return nest;
}

/** Something that happens once: call it, and await it. */
export interface Signal<T> {
  (value: T): void;
  readonly happened: Promise<T>;
}

export function signal<T = void>(): Signal<T> {
  let resolve!: (value: T) => void;
  const happened = new Promise<T>((done) => {
    resolve = done;
  });
  return Object.assign((value: T) => resolve(value), { happened });
}
