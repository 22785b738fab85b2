import { describe, expect, test } from '@jest/globals';
import { ConfigError, InvalidMessageError, OnWebhook, type WebhookDelivery } from '@leanmq/nestjs';
import { Injectable } from '@nestjs/common';
import { IsInt, IsString, Validate, ValidatorConstraint } from 'class-validator';

import { eventually } from '../support/eventually.js';
import { signal, useNest } from './support/nest.js';

const nest = useNest();

class UpdateDto {
  @IsString()
  productId!: string;

  @IsInt()
  quantity!: number;

  static of(productId: unknown, quantity: unknown): UpdateDto {
    return Object.assign(new UpdateDto(), { productId, quantity });
  }
}

/** Collects what arrives, without any validation. */
@Injectable()
class Collector {
  readonly got: unknown[] = [];

  @OnWebhook('/inventory/update', { concurrency: 1 })
  onUpdate(payload: unknown) {
    this.got.push(payload);
  }
  @OnWebhook('/notification', { concurrency: 1 })
  onNotification(payload: unknown, { headers }: WebhookDelivery) {
    this.got.push([payload, headers]);
  }
}

async function start() {
  const app = await nest.start({ providers: [Collector] });
  const { got } = app.module.get(Collector);
  return { ...app, got };
}

describe('send', () => {
  test('sends with options, and says what became of it', async () => {
    const { publisher, got } = await start();
    const options = { messageId: 'M-1', headers: { lang: 'en' } };
    expect(await publisher.send('/notification/', { a: 1 }, options)).toEqual({
      id: 'M-1',
      outcome: 'published',
    });
    expect(await publisher.send('/notification', { a: 1 }, options)).toMatchObject({
      outcome: 'duplicate',
    });
    await eventually(() => got.length === 1);
    expect(got).toEqual([[{ a: 1 }, { lang: 'en' }]]);
  });

  test('an instance of a validated class is validated, and sent if it is valid', async () => {
    const { publisher, got } = await start();
    const error = await publisher
      .send('/inventory/update', UpdateDto.of(7, 'many'))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidMessageError);
    expect((error as InvalidMessageError).violations).toEqual([
      'productId must be a string',
      'quantity must be an integer number',
    ]);
    await publisher.send('/inventory/update', UpdateDto.of('P', 1));
    await eventually(() => got.length === 1);
    expect(got).toEqual([{ productId: 'P', quantity: 1 }]);
  });

  test('a plain object is sent as it is', async () => {
    const { publisher, got } = await start();
    await publisher.send('/inventory/update', { productId: 7 });
    await eventually(() => got.length === 1);
    expect(got).toEqual([{ productId: 7 }]);
  });

  test('what is refused is refused by rejection, never by an exception', async () => {
    const { publisher } = await start();
    const sending = [
      publisher.send('', {}),
      publisher.send('/a', undefined),
      publisher.send('/a', {}, { ttlMs: -1 }),
      publisher.transaction([] as never),
      publisher.schedules.upsert(null as never),
    ];
    const results = await Promise.allSettled(sending);
    expect(results.map(({ status }) => status)).toEqual(sending.map(() => 'rejected'));
    for (const index of [0, 3, 4]) await expect(sending[index]).rejects.toThrow(ConfigError);
  });

  test('a validation that never ends is bounded by its send, and holds up no other', async () => {
    @ValidatorConstraint({ async: true })
    class Never {
      validate(): Promise<boolean> {
        return new Promise(() => undefined);
      }
    }
    class HangingDto {
      @Validate(Never)
      n = 1;
    }
    const { publisher, got } = await start();
    const hanging = [
      publisher.send('/inventory/update', new HangingDto(), { timeoutMs: 2_000 }),
      publisher.send('/inventory/update', new HangingDto(), { signal: AbortSignal.timeout(1_500) }),
      publisher.transaction((tx) => tx.send('/inventory/update', new HangingDto()), {
        timeoutMs: 1_500,
      }),
    ];
    const told = Promise.allSettled(hanging);
    await publisher.send('/inventory/update', { n: 2 }, { timeoutMs: 10_000 });
    await eventually(() => got.length === 1);
    expect(await told).toMatchObject([
      { reason: { code: 'VALIDATION_TIMEOUT', outcome: 'not-sent' } },
      { reason: { code: 'ABORTED', outcome: 'not-sent' } },
      { reason: { code: 'VALIDATION_TIMEOUT', outcome: 'not-sent' } },
    ]);
    expect(got).toHaveLength(1);
  });

  test('sends keep their order, although some wait for a slow validation and others for none', async () => {
    const goOn = signal();

    @ValidatorConstraint({ async: true })
    class Slowly {
      async validate() {
        await goOn.happened;
        return true;
      }
    }
    class SlowDto {
      constructor(n: number) {
        this.n = n;
      }
      @Validate(Slowly)
      n: number;
    }
    class InvalidDto {
      @IsInt()
      n = 'two';
    }

    const { publisher, got } = await start();
    const sending = [
      publisher.send('/inventory/update', new SlowDto(1)),
      publisher.send('/inventory/update', new InvalidDto()),
      publisher.send('/inventory/update', { n: 3 }),
      publisher.send('/inventory/update', UpdateDto.of('4', 4)),
    ];
    // Another path waits for nobody.
    await publisher.send('/notification', {});
    await eventually(() => got.length === 1);
    goOn();
    const results = await Promise.allSettled(sending);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    await eventually(() => got.length === 4);
    expect(got.slice(1)).toEqual([{ n: 1 }, { n: 3 }, { productId: '4', quantity: 4 }]);
  });
});

describe('sendMany', () => {
  test('sends each on its own: an invalid one keeps none of the others', async () => {
    const { publisher, got } = await start();
    const results = await publisher.sendMany('/inventory/update', [
      { data: UpdateDto.of('A', 1) },
      { data: UpdateDto.of('B', 1.5) },
      { data: UpdateDto.of('C', 3), options: { messageId: 'C' } },
    ]);
    expect(results).toMatchObject([
      { outcome: 'published' },
      { outcome: 'failed', error: { violations: ['quantity must be an integer number'] } },
      { outcome: 'published', id: 'C' },
    ]);
    await eventually(() => got.length === 2);
    expect(got).toMatchObject([{ productId: 'A' }, { productId: 'C' }]);
  });
});

describe('transaction', () => {
  test('sends all of it, in its order', async () => {
    const { publisher, got } = await start();
    const results = await publisher.transaction((tx) => {
      tx.send('/inventory/update', UpdateDto.of('A', -1));
      tx.send('/notification', { userId: 'U' }, { ttlMs: 60_000 });
    });
    expect(results).toMatchObject([{ outcome: 'published' }, { outcome: 'published' }]);
    await eventually(() => got.length === 2);
    expect(got).toEqual(
      expect.arrayContaining([{ productId: 'A', quantity: -1 }, [{ userId: 'U' }, {}]]),
    );
  });

  test.each(['one payload is invalid', 'the callback throws'])(
    'sends nothing if %s',
    async (why) => {
      const { publisher, got } = await start();
      const error = await publisher
        .transaction(async (tx) => {
          tx.send('/notification', { userId: 'U' });
          tx.send('/inventory/update', UpdateDto.of(7, 7));
          await Promise.resolve();
          if (why === 'the callback throws') throw new Error('changed my mind');
        })
        .catch((reason: unknown) => reason as InvalidMessageError);
      expect(error).toMatchObject(
        why === 'the callback throws'
          ? { message: 'changed my mind' }
          : { violations: ['productId must be a string'] },
      );
      // What comes after it is there, and it is not.
      await publisher.send('/notification', { last: true });
      await eventually(() => got.length > 0);
      expect(got).toEqual([[{ last: true }, {}]]);
    },
  );
});

describe('cancel', () => {
  test('takes a delayed send back, by its own id or the one it was given', async () => {
    const { publisher, got } = await start();
    const delayMs = 300;
    const { id } = await publisher.send('/notification', { n: 1 }, { delayMs });
    await publisher.send('/notification', { n: 2 }, { messageId: 'M-2', delayMs });
    await publisher.send('/notification', { n: 3 }, { delayMs });
    expect(await publisher.cancel('notification', id)).toBe('cancelled');
    expect(await publisher.cancel('/notification/', 'M-2')).toBe('cancelled');
    expect(await publisher.cancel('/notification/', 'M-2')).toBe('not-found');
    await eventually(() => got.length > 0);
    expect(got).toEqual([[{ n: 3 }, {}]]);
  });
});

describe('schedules', () => {
  const spec = { id: 'count', path: '/inventory/update', everyMs: 3_600_000 };

  test('make recurring sends, and end them', async () => {
    const { publisher, got } = await start();
    const { schedules } = publisher;
    const made = await schedules.upsert({ ...spec, data: UpdateDto.of('P', 1) });
    expect(made).toMatchObject({ id: 'count', path: 'inventory/update', everyMs: 3_600_000 });
    expect(await schedules.get('count')).toEqual(made);
    expect(await schedules.list()).toEqual([made]);
    expect(await schedules.runNow('count')).toMatchObject({ outcome: 'published' });
    await eventually(() => got.length === 1);
    expect(got).toEqual([{ productId: 'P', quantity: 1 }]);
    expect(await schedules.remove('count')).toBe(true);
    expect(await schedules.list()).toEqual([]);
  });

  test('publish at their instants what a handler gets like any other message', async () => {
    const { publisher, got } = await start();
    const data = UpdateDto.of('P', 1);
    await publisher.schedules.upsert({ ...spec, everyMs: 1_000, data });
    await eventually(() => got.length >= 2);
    expect(got.slice(0, 2)).toEqual(Array(2).fill({ productId: 'P', quantity: 1 }));
  });

  test('refuse a payload that is not valid, as send does', async () => {
    const { publisher } = await start();
    const making = publisher.schedules.upsert({ ...spec, data: UpdateDto.of(7, 1) });
    await expect(making).rejects.toBeInstanceOf(InvalidMessageError);
    await expect(making).rejects.toMatchObject({ violations: ['productId must be a string'] });
    expect(await publisher.schedules.list()).toEqual([]);
  });
});
