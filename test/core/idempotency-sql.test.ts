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

/** A store whose marks the handler writes in the transaction of its effect; the store only reads. */
class SqlMarks implements IdempotencyStore {
  async begin(key: string): Promise<OnceDecision> {
    const { rows } = await db.query('SELECT 1 FROM handled WHERE key = $1', [key]);
    return rows.length > 0 ? { state: 'done' } : { state: 'run' };
  }

  async complete(): Promise<void> {
    // The handler writes the mark.
  }

  async fail(): Promise<void> {
    // The handler's transaction rolls the mark back.
  }
}

test('an effect whose mark is in the same SQL transaction is not repeated after a crash between the effect and the ack', async () => {
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
      // To everybody else, this looks like a crash after the commit and before the ack.
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
