import { describe, expect, test } from '@jest/globals';
import { OnWebhook, Payload, RejectError, RetryError, type WebhookDelivery } from '@leanmq/nestjs';
import { Injectable } from '@nestjs/common';
import { EMPTY, concat, of, throwError } from 'rxjs';

import { eventually } from '../support/eventually.js';
import { useNest } from './support/nest.js';

const nest = useNest();

describe('what becomes of a message', () => {
  test("a handler's own options hold for it, the module's for the others", async () => {
    @Injectable()
    class Failing {
      @OnWebhook('/own', { attempts: 1 })
      own() {
        throw new Error('own');
      }
      @OnWebhook('/other')
      other() {
        throw new Error('other');
      }
    }

    const handlers = { attempts: 2, backoff: { type: 'fixed', delayMs: 1 } } as const;
    const { publisher, next } = await nest.start({ providers: [Failing] }, { handlers });
    const own = next('deadLettered');
    await publisher.send('/own', {});
    expect(await own).toMatchObject({ reason: 'failed', attempt: 1, path: 'own' });
    const other = next('deadLettered');
    await publisher.send('/other', {});
    expect(await other).toMatchObject({ reason: 'failed', attempt: 2, path: 'other' });
  });

  test('an idempotent handler runs once for each key, which is made of what was published', async () => {
    const charged: string[] = [];

    @Injectable()
    class Payments {
      @OnWebhook<{ invoice: string }>('/charge', { idempotent: ({ data }) => data.invoice })
      charge(@Payload('invoice') invoice: string) {
        charged.push(invoice);
      }
    }

    const handlers = { concurrency: 1 };
    const { publisher } = await nest.start({ providers: [Payments] }, { handlers });
    for (const invoice of ['I-1', 'I-1', 'I-2']) await publisher.send('/charge', { invoice });
    await eventually(() => charged.includes('I-2'));
    expect(charged).toEqual(['I-1', 'I-2']);
  });

  test('a handler steers what becomes of its message by what it throws', async () => {
    @Injectable()
    class Steering {
      @OnWebhook('/steer')
      handle({ how }: { how: string }, { attempt }: WebhookDelivery) {
        if (how === 'reject') throw new RejectError('never');
        if (how === 'later' && attempt === 1) throw new RetryError({ afterMs: 5 });
      }
    }

    const { publisher, next, mq } = await nest.start({ providers: [Steering] });
    const dead = next('deadLettered');
    await publisher.send('/steer', { how: 'reject' });
    expect(await dead).toMatchObject({ reason: 'rejected', attempt: 1 });
    const [letter] = await mq.deadLetters('/steer').list();
    expect(letter).toMatchObject({ error: { name: 'RejectError', message: 'never' } });

    const [retried, acked] = [next('retried'), next('acked')];
    await publisher.send('/steer', { how: 'later' });
    expect(await retried).toMatchObject({ delayMs: 5 });
    expect(await acked).toMatchObject({ attempt: 2 });
  });

  test('an Observable is done when it completes, and fails when it fails', async () => {
    const values: number[] = [];

    @Injectable()
    class Streams {
      @OnWebhook('/stream')
      ok() {
        return concat(of(1), of(2));
      }
      @OnWebhook('/nothing')
      nothing() {
        return EMPTY;
      }
      @OnWebhook('/broken', { attempts: 1 })
      broken() {
        values.push(1);
        return throwError(() => new Error('broke'));
      }
    }

    const { publisher, next } = await nest.start({ providers: [Streams] });
    for (const path of ['/stream', '/nothing']) {
      const acked = next('acked');
      await publisher.send(path, {});
      await acked;
    }
    const dead = next('deadLettered');
    await publisher.send('/broken', {});
    expect(await dead).toMatchObject({ error: { message: 'broke' } });
  });
});
