import { describe, expect, test } from '@jest/globals';
import {
  Delivery,
  OnWebhookBatch,
  Payload,
  RejectError,
  RetryError,
  WebhookController,
  type LeanMQEvents,
  type WebhookDelivery,
} from '@leanmq/nestjs';
import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { from } from 'rxjs';

import { eventually } from '../support/eventually.js';
import { batchOf, ended, sendAll } from './support/batches.js';
import { useNest } from './support/nest.js';

const nest = useNest();

describe('a batch handler', () => {
  test('gets a list for each parameter, whatever its decorators', async () => {
    const got: unknown[] = [];

    @WebhookController('/rows')
    class Handlers {
      @OnWebhookBatch('/plain', batchOf(3))
      plain(rows: readonly { n: number }[], deliveries: readonly WebhookDelivery[]) {
        got.push([rows.map(({ n }) => n), deliveries.map(({ path, data }) => [path, data])]);
      }

      @OnWebhookBatch('/properties', batchOf(2))
      properties(
        @Delivery() deliveries: readonly WebhookDelivery[],
        @Payload('n') numbers: readonly number[],
      ) {
        got.push([deliveries.map(({ attempt }) => attempt), numbers]);
      }
    }

    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 5);
    await sendAll(app, '/rows/plain', [{ n: 1 }, { n: 2 }, { n: 3 }]);
    await eventually(() => got.length === 1);
    await sendAll(app, '/rows/properties', [{ n: 4 }, {}]);
    await done;
    expect(got).toEqual([
      [
        [1, 2, 3],
        [
          ['rows/plain', { n: 1 }],
          ['rows/plain', { n: 2 }],
          ['rows/plain', { n: 3 }],
        ],
      ],
      [
        [1, 1],
        [4, undefined],
      ],
    ]);
  });

  test('has no more in a batch than told, and what is there after the wait', async () => {
    const sizes: number[] = [];

    @Injectable()
    class Handlers {
      @OnWebhookBatch('/sizes', { batch: { size: 10, waitMs: 20 }, concurrency: 1 })
      handle(rows: readonly unknown[]) {
        sizes.push(rows.length);
      }
    }

    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 45);
    await sendAll(app, '/sizes', [...Array(45).keys()]);
    await done;
    expect(Math.max(...sizes)).toBe(10);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(45);
    expect(sizes.length).toBeLessThan(45);
  });

  test.each([
    ['a list', (list: unknown[]) => list],
    ['a promise of it', (list: unknown[]) => Promise.resolve(list)],
    ['an Observable of it', (list: unknown[]) => from([list])],
  ])('says by %s how each message went: some are done, others come again', async (_, as) => {
    const calls: [string, number][][] = [];

    @Injectable()
    class Handlers {
      @OnWebhookBatch('/outcomes', { batch: { size: 4, waitMs: 50 }, attempts: 3 })
      handle(
        @Payload() rows: readonly string[],
        @Delivery() deliveries: readonly WebhookDelivery[],
      ) {
        calls.push(rows.map((row, index) => [row, deliveries[index]!.attempt]));
        return as(
          rows.map((row, index) => {
            if (row === 'reject') return new RejectError('never');
            if (deliveries[index]!.attempt > 1) return undefined;
            if (row === 'fail') return new Error('not now');
            return row === 'later' ? new RetryError({ afterMs: 5 }) : undefined;
          }),
        );
      }
    }

    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 4);
    await sendAll(app, '/outcomes', ['fine', 'fail', 'later', 'reject']);
    const { acked, dead } = await done;
    expect(acked).toHaveLength(3);
    expect(dead).toMatchObject([{ reason: 'rejected', error: { message: 'never' } }]);
    expect(calls.flat().toSorted()).toEqual([
      ['fail', 1],
      ['fail', 2],
      ['fine', 1],
      ['later', 1],
      ['later', 2],
      ['reject', 1],
    ]);
  });

  test('that throws, or returns a list that does not fit, fails for all of its messages', async () => {
    let calls = 0;

    @Injectable()
    class Handlers {
      @OnWebhookBatch('/all', { batch: { size: 3, waitMs: 500 }, attempts: 2 })
      handle(rows: readonly unknown[]): unknown {
        calls += 1;
        if (calls === 1) throw new Error('all of you');
        return [...rows, 'one more'].map(() => undefined);
      }
    }

    const app = await nest.start({ providers: [Handlers] });
    const retried: LeanMQEvents['retried'][0][] = [];
    app.mq.events.on('retried', (event) => retried.push(event));
    const done = ended(app, 3);
    await sendAll(app, '/all', [1, 2, 3]);
    const { dead } = await done;
    expect(retried.map(({ error }) => error.message)).toEqual(Array(3).fill('all of you'));
    expect(dead).toHaveLength(3);
    for (const { error } of dead) {
      expect(error?.message).toMatch(
        /^Handlers\.handle \(RootTestModule\) returned \d outcomes for \d messages; return one for each/,
      );
    }
  });

  test('knows what is done already, message by message', async () => {
    const handled: string[] = [];

    @Injectable()
    class Payments {
      @OnWebhookBatch<{ invoice: string }>('/charge', {
        batch: { size: 4, waitMs: 50 },
        idempotent: ({ data }) => data.invoice,
      })
      charge(@Payload('invoice') invoices: readonly string[]) {
        handled.push(...invoices);
      }
    }

    const app = await nest.start({ providers: [Payments] });
    const first = ended(app, 2);
    await sendAll(app, '/charge', [{ invoice: 'I-1' }, { invoice: 'I-2' }]);
    await first;
    await sendAll(app, '/charge', [{ invoice: 'I-1' }, { invoice: 'I-3' }]);
    await eventually(() => handled.includes('I-3'));
    expect(handled.toSorted()).toEqual(['I-1', 'I-2', 'I-3']);
  });

  test('that is request-scoped is instantiated for each batch, whose deliveries are its REQUEST', async () => {
    let made = 0;
    const seen: unknown[] = [];

    @Injectable({ scope: Scope.REQUEST })
    class Unit {
      readonly number = (made += 1);
      constructor(@Inject(REQUEST) readonly deliveries: readonly WebhookDelivery[]) {}
    }
    @WebhookController()
    class Handlers {
      constructor(
        private readonly unit: Unit,
        @Inject(REQUEST) private readonly request: unknown,
      ) {}

      @OnWebhookBatch('/unit', batchOf(2))
      handle(rows: readonly unknown[], deliveries: readonly WebhookDelivery[]) {
        const { number, deliveries: ofUnit } = this.unit;
        seen.push([number, rows, ofUnit === this.request, ofUnit[1] === deliveries[1]]);
      }
    }

    const app = await nest.start({ providers: [Handlers, Unit] });
    const done = ended(app, 4);
    await sendAll(app, '/unit', [1, 2]);
    await eventually(() => seen.length === 1);
    await sendAll(app, '/unit', [3, 4]);
    await done;
    expect(seen).toEqual([
      [1, [1, 2], true, true],
      [2, [3, 4], true, true],
    ]);
  });
});
