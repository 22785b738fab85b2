import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  ConfigError,
  Delivery,
  OnWebhook,
  OnWebhookBatch,
  Payload,
  type LeanMQEvents,
  type WebhookOptions,
} from '@leanmq/nestjs';
import { Injectable } from '@nestjs/common';
import { IsString } from 'class-validator';

import { batchOf, ended, sendAll } from './support/batches.js';
import { useNest } from './support/nest.js';
import { RowDto, row } from './support/rows.js';

const nest = useNest();
let got: unknown[] = [];
beforeEach(() => {
  got = [];
});

class OrderDto {
  @IsString()
  id!: string;
}

interface Handling {
  readonly options?: WebhookOptions;
  readonly method?: (this: unknown, ...args: never[]) => unknown;
  readonly parameters?: readonly ParameterDecorator[];
}

/** A class as esbuild, tsx and vitest make it: decorators run, but nobody notes the types of parameters. */
function builtWithoutMetadata({
  options,
  method = function (payload: unknown) {
    got.push(payload);
  },
  parameters = [],
}: Handling) {
  class Handlers {
    handle() {}
  }
  Object.defineProperty(Handlers.prototype, 'handle', { value: method });
  const member = Object.getOwnPropertyDescriptor(Handlers.prototype, 'handle') as never;
  parameters.forEach((decorate, index) => decorate(Handlers.prototype, 'handle', index));
  OnWebhook('/orders', options)(Handlers.prototype, 'handle', member);
  Injectable()(Handlers);
  return Handlers;
}

describe('a build without decorator metadata', () => {
  test.each<[string, Handling]>([
    ['by position', {}],
    ['by @Payload()', { parameters: [Payload()] }],
    ['by @Payload(property)', { parameters: [Payload('id')] }],
    [
      'by @Payload(property), where only the whole payload could be named',
      { parameters: [Payload('id')], options: { payload: OrderDto } },
    ],
    [
      'by @Payload() and @Payload(property), where one has a class',
      { parameters: [Payload(), Payload('id')], options: { payload: OrderDto } },
    ],
  ])('is refused at start where a handler takes its payload %s', async (_, handling) => {
    const starting = nest.start({ providers: [builtWithoutMetadata(handling)] });
    const error: unknown = await starting.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /^Handlers\.handle \(RootTestModule\): (The type of the payload is not known.*"emitDecoratorMetadata".*"payload"|Option "payload" is OrderDto, but no parameter receives)/,
      ),
    });
  });

  test.each<[string, Handling]>([
    ['nothing', { method: () => got.push('ran') }],
    ['the delivery only', { method: () => got.push('ran'), parameters: [Delivery()] }],
    ['a payload that is said not to be a class', { options: { payload: Object } }],
    [
      'properties that are said not to be classes',
      { parameters: [Payload('id')], options: { payload: Object } },
    ],
  ])('starts where a handler takes %s', async (_, handling) => {
    const { publisher, nextDeath } = await nest.start({
      providers: [builtWithoutMetadata(handling)],
    });
    const death = nextDeath();
    await publisher.send('/orders', { id: 1 });
    expect(await death).toBeUndefined();
    expect(got).toHaveLength(1);
  });

  test.each<[string, readonly ParameterDecorator[]]>([
    ['by position', []],
    ['by @Payload()', [Payload()]],
  ])('validates by the class that the option names, %s', async (_, parameters) => {
    const handlers = builtWithoutMetadata({ parameters, options: { payload: OrderDto } });
    const { publisher, nextDeath } = await nest.start({ providers: [handlers] });
    for (const [payload, reason] of [
      [{ id: 1 }, 'invalid'],
      [{ id: 'O-1' }, undefined],
    ]) {
      const death = nextDeath();
      await publisher.send('/orders', payload);
      expect((await death)?.reason).toBe(reason);
    }
    expect(got).toEqual([expect.any(OrderDto)]);
  });

  test('validates the payloads of a batch by the class that its option names', async () => {
    class Handlers {
      handle(rows: readonly RowDto[]) {
        got.push(...rows);
      }
    }
    const member = Object.getOwnPropertyDescriptor(Handlers.prototype, 'handle') as never;
    const options = { ...batchOf(2), payload: RowDto };
    OnWebhookBatch('/rows', options)(Handlers.prototype, 'handle', member);
    Injectable()(Handlers);
    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 2);
    await sendAll(app, '/rows', [row(7), row('A')]);
    expect((await done).dead).toMatchObject([{ reason: 'invalid' }]);
    expect(got).toEqual([expect.any(RowDto)]);
  });
});

describe('a payload whose declared type is not a class at run time', () => {
  interface Order {
    readonly id: string;
  }
  @Injectable()
  class Typed {
    @OnWebhook('/typed')
    onTyped(_order: OrderDto) {}
    @OnWebhook('/text')
    onText(_text: string) {}
    @OnWebhook('/property')
    onProperty(@Payload('order') _order: Order) {}
  }
  @Injectable()
  class Untyped {
    @OnWebhook('/position')
    onPosition(_order: Order) {}
    @OnWebhook('/decorated')
    onDecorated(@Delivery() _delivery: unknown, @Payload() _order: Order) {}
  }

  async function warnings(handlers: new () => object) {
    const seen: LeanMQEvents['warning'][0][] = [];
    const module = nest.closing(await nest.build({ providers: [handlers] }).compile());
    nest.parts(module).mq.events.on('warning', (warning) => seen.push(warning));
    await module.init();
    return seen.filter(({ code }) => code === 'PAYLOAD_UNTYPED').map(({ message }) => message);
  }

  test('is warned about once, with all the handlers that take one', async () => {
    const [message, ...more] = await warnings(Untyped);
    expect(message).toContain(
      'Untyped.onPosition (RootTestModule), Untyped.onDecorated (RootTestModule)',
    );
    expect(message).toContain('"type"');
    expect(more).toEqual([]);
  });

  test('is not warned about where it is a class, or something that no class could be meant by', async () => {
    expect(await warnings(Typed)).toEqual([]);
  });

  test('is not warned about when the handler says so', async () => {
    @Injectable()
    class Said {
      @OnWebhook('/said', { payload: Object })
      onSaid(_order: Order) {}
    }
    expect(await warnings(Said)).toEqual([]);
  });
});
