import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { IdempotencyStore, OnceDecision } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

interface Payment {
  readonly paymentId: string;
  readonly cents: number;
}

let db: PGlite;
beforeAll(async () => {
  db = await PGlite.create();
  await db.exec(`
    CREATE TABLE handled (key text PRIMARY KEY);
    CREATE TABLE ledger (payment_id text, cents integer);
  `);
});
afterAll(() => db.close());

/** The mark is a row that the handler writes in the transaction of its effect; the store only looks. */
class SqlMarks implements IdempotencyStore {
  async begin(key: string): Promise<OnceDecision> {
    const { rows } = await db.query('SELECT 1 FROM handled WHERE key = $1', [key]);
    return rows.length > 0 ? { state: 'done' } : { state: 'run' };
  }

  async complete(): Promise<void> {
    // Written by the handler.
  }

  async fail(): Promise<void> {
    // Rolled back with the handler's transaction.
  }
}

test('with the mark in the same SQL transaction as the effect, not even a crash between effect and ack runs it twice', async () => {
  let crashes = 1;
  let calls = 0;
  const mq = broker.mq({ group: 'ledger' });
  await mq.consume<Payment>(
    '/payment',
    async ({ data }) => {
      calls += 1;
      await db.transaction(async (tx) => {
        await tx.query('INSERT INTO handled VALUES ($1)', [data.paymentId]);
        await tx.query('INSERT INTO ledger VALUES ($1, $2)', [data.paymentId, data.cents]);
      });
      // What a crash after the commit and before the ack looks like to everybody else.
      if (crashes > 0) {
        crashes -= 1;
        throw new Error('gone before the ack');
      }
    },
    { idempotent: ({ data }) => data.paymentId, idempotencyStore: new SqlMarks() },
  );
  let retried = 0;
  mq.events.on('retried', () => (retried += 1));
  await mq.publish('/payment', { paymentId: 'p-1', cents: 100 });
  await mq.publish('/payment', { paymentId: 'p-2', cents: 250 });
  await mq.publish('/payment', { paymentId: 'p-2', cents: 250 });
  await eventually(() => retried >= 1);
  await eventually(() => mq.health().inFlight === 0);
  await eventually(
    async () =>
      (await broker.redis.zcard(broker.key('payment', 'schedule'))) === 0 &&
      (await broker.redis.xlen(broker.key('payment', 'inbox:ledger'))) === 0,
  );
  const { rows } = await db.query('SELECT payment_id, cents FROM ledger ORDER BY payment_id');
  expect(rows).toEqual([
    { payment_id: 'p-1', cents: 100 },
    { payment_id: 'p-2', cents: 250 },
  ]);
  expect(calls).toBeGreaterThanOrEqual(2);
});
