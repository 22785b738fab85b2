import 'reflect-metadata';

import { expect, test } from '@jest/globals';

import { BatchAware } from './batch-aware.js';
import { Delivery } from './delivery.js';
import { OnWebhookBatch } from './on-webhook-batch.js';
import { OnWebhook } from './on-webhook.js';
import { Payload } from './payload.js';
import { WebhookController } from './webhook-controller.js';

test.each<[string, readonly unknown[], (...given: never[]) => unknown, string]>([
  ['@OnWebhook', ['method'], OnWebhook, 'Bare.onMethod'],
  ['@OnWebhookBatch', ['method'], OnWebhookBatch, 'Bare.onMethod'],
  ['@Payload', ['parameter'], Payload, 'Bare.onMethod'],
  ['@Delivery', ['parameter'], Delivery, 'Bare.onMethod'],
  ['@WebhookController', ['class'], WebhookController, 'Bare'],
  ['@BatchAware', ['class'], BatchAware, 'Bare'],
])('%s without parentheses is refused on a %s', (name, [place], decorator, where) => {
  class Bare {
    onMethod() {}
  }
  const { prototype } = Bare;
  const last = place === 'method' ? member(prototype, 'onMethod') : 0;
  const given = place === 'class' ? [Bare] : [prototype, 'onMethod', last];
  expect(() => decorator(...(given as never[]))).toThrow(
    expect.objectContaining({
      code: 'DECORATOR_MISPLACED',
      message: `${name} on ${where} is not called; write it with parentheses, ${name}(…).`,
    }),
  );
});

test('@Payload takes a pipe that is a class', () => {
  class Pipe {
    transform = (value: unknown) => value;
  }
  expect(() => Payload(Pipe)).not.toThrow();
});

class Orders {
  static onStatic() {}
  onMethod() {}
  get onGetter() {
    return () => undefined;
  }
  onArrow = () => undefined;
}

const symbol = Symbol('onSymbol');
const member = (target: object, name: string) => Object.getOwnPropertyDescriptor(target, name);
const method = member(Orders.prototype, 'onMethod');

test.each<[string, readonly unknown[], RegExp]>([
  [
    'a static method',
    [Orders, 'onStatic', member(Orders, 'onStatic')],
    /^Orders\.onStatic has @OnWebhook but is static.*remove "static"\.$/,
  ],
  [
    'a getter',
    [Orders.prototype, 'onGetter', member(Orders.prototype, 'onGetter')],
    /^Orders\.onGetter has @OnWebhook but is a getter.*onGetter\(payload\) \{ … \}\.$/,
  ],
  [
    'an arrow property',
    [Orders.prototype, 'onArrow', undefined],
    /^Orders\.onArrow has @OnWebhook but is a property.*onArrow\(payload\) \{ … \}\.$/,
  ],
  [
    'an arrow property as Babel builds it',
    [Orders.prototype, 'onArrow', { configurable: true, initializer: () => () => undefined }],
    /^Orders\.onArrow has @OnWebhook but is a property/,
  ],
  ['a class', [Orders], /^@OnWebhook is on Orders itself; put it on the method/],
  ['a parameter', [Orders.prototype, 'onMethod', 0], /^@OnWebhook is on a parameter of Orders\.on/],
  [
    'a method with a symbol for a name',
    [Orders.prototype, symbol, method],
    /^Orders\.Symbol\(onSymbol\) has @OnWebhook.*give it a name\.$/,
  ],
  [
    'a method of a build with standard decorators',
    [method?.value, { kind: 'method', name: 'onMethod', static: false }],
    /^@OnWebhook on "onMethod" is compiled as a standard decorator.*"experimentalDecorators"/,
  ],
])('@OnWebhook on %s is refused, naming class and member', (_, where, message) => {
  const decorate = OnWebhook('/orders') as (...where: readonly unknown[]) => void;
  expect(() => decorate(...where)).toThrow(
    expect.objectContaining({
      code: 'DECORATOR_MISPLACED',
      message: expect.stringMatching(message),
    }),
  );
});

test('@OnWebhookBatch is refused where @OnWebhook is', () => {
  const decorate = OnWebhookBatch('/orders', { batch: { size: 1, waitMs: 0 } });
  const arrow = undefined as never;
  expect(() => decorate(Orders.prototype, 'onArrow', arrow)).toThrow(
    /^Orders\.onArrow has @OnWebhookBatch but is a property/,
  );
});

test.each([
  ['@Payload()', Payload()],
  ['@Delivery()', Delivery()],
])('%s on a parameter of a constructor is refused', (_, decorate) => {
  expect(() => decorate(Orders, undefined, 0)).toThrow(/^The constructor of Orders has @Payload/);
});
