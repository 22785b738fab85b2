import { beforeEach, describe, expect, test } from '@jest/globals';
import { Delivery, OnWebhookBatch, Payload, type WebhookDelivery } from '@leanmq/nestjs';
import { Injectable, UsePipes, ValidationPipe } from '@nestjs/common';

import { batchOf, ended, sendAll } from './support/batches.js';
import { useNest } from './support/nest.js';
import { RowDto, row } from './support/rows.js';

const nest = useNest();
let steps: unknown[] = [];
beforeEach(() => {
  steps = [];
});

describe('the payloads of a batch', () => {
  let calls = 0;

  @Injectable()
  class Handlers {
    @OnWebhookBatch('/positional', { ...batchOf(3), payload: RowDto })
    positional(rows: readonly RowDto[]) {
      calls += 1;
      steps.push(rows.map((each) => [each instanceof RowDto, each.label]));
    }
    @OnWebhookBatch('/decorated', { ...batchOf(3), payload: RowDto, attempts: 1 })
    decorated(@Delivery() deliveries: readonly WebhookDelivery[], @Payload() rows: RowDto[]) {
      steps.push(rows.map((each) => [each instanceof RowDto, each.label]));
      return deliveries.map(({ data }) =>
        (data as RowDto).sku === 'fails' ? new Error('no such row') : undefined,
      );
    }
    @OnWebhookBatch('/untyped', batchOf(2))
    untyped(@Payload() rows: RowDto[]) {
      steps.push(rows);
    }
    @UsePipes(new ValidationPipe({ whitelist: true, transform: true }))
    @OnWebhookBatch('/whitelist', { ...batchOf(2), payload: RowDto })
    whitelist(@Payload() rows: RowDto[]) {
      steps.push(rows);
    }
  }

  test.each(['/positional', '/decorated'])(
    'are validated by themselves (%s): an invalid one is a dead letter, its neighbours are handled',
    async (path) => {
      const app = await nest.start({ providers: [Handlers] });
      const done = ended(app, 3);
      await sendAll(app, path, [row('A'), row(7, 'many'), row('C', 3)]);
      const { acked, dead } = await done;
      expect(steps).toEqual([
        [
          [true, '1 x A'],
          [true, '3 x C'],
        ],
      ]);
      expect(acked).toHaveLength(2);
      expect(dead).toMatchObject([
        {
          reason: 'invalid',
          attempt: 1,
          error: {
            violations: ['sku must be a string', 'count must be an integer number'],
          },
        },
      ]);
      expect(await app.mq.deadLetters(path).list()).toMatchObject([{ data: row(7, 'many') }]);
    },
  );

  test('that are invalid do not shift the outcomes of the others', async () => {
    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 3);
    await sendAll(app, '/decorated', [row(7), row('fails'), row('C')]);
    const { acked, dead } = await done;
    expect(acked).toHaveLength(1);
    const letters = await app.mq.deadLetters('/decorated').list();
    expect(letters.map(({ data, reason }) => [(data as RowDto).sku, reason]).toSorted()).toEqual([
      [7, 'invalid'],
      ['fails', 'failed'],
    ]);
    expect(dead).toHaveLength(2);
  });

  test('that are all invalid never reach the method', async () => {
    calls = 0;
    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 3);
    await sendAll(app, '/positional', [null, 'text', row(1)]);
    expect((await done).dead.map(({ reason }) => reason)).toEqual(Array(3).fill('invalid'));
    expect(calls).toBe(0);
  });

  test('come as they are when nobody says what they are', async () => {
    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 2);
    await sendAll(app, '/untyped', [row(7), null]);
    expect((await done).acked).toHaveLength(2);
    expect(steps).toEqual([[row(7), null]]);
  });

  test("go through Nest's ValidationPipe one by one, as what they are", async () => {
    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 2);
    await sendAll(app, '/whitelist', [{ ...row('A'), more: true }, row(7)]);
    expect((await done).dead).toMatchObject([
      { reason: 'invalid', error: { violations: ['sku must be a string'] } },
    ]);
    expect(steps).toEqual([[expect.any(RowDto)]]);
    expect(steps).toMatchObject([[row('A')]]);
    expect(steps).not.toMatchObject([[{ more: true }]]);
  });
});
