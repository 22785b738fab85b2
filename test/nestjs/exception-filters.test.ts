import { describe, expect, test } from '@jest/globals';
import { Delivery, OnWebhook, RejectError, type WebhookDelivery } from '@leanmq/nestjs';
import {
  Catch,
  ForbiddenException,
  Injectable,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';

import { Deny } from './support/deny.js';
import { useNest } from './support/nest.js';

const nest = useNest();

describe('exception filters', () => {
  class NoStock extends Error {}
  const filtered: string[] = [];

  @Catch(NoStock)
  class Handling implements ExceptionFilter {
    catch(error: Error, host: ArgumentsHost) {
      filtered.push(`${host.getType<string>()}: ${error.message}`);
      return 'handled';
    }
  }
  @Catch()
  class Looking implements ExceptionFilter {
    async catch(error: Error) {
      filtered.push(`looked at ${error.message}`);
    }
  }
  @Catch(NoStock)
  class Rejecting implements ExceptionFilter {
    catch(error: Error) {
      throw new RejectError('Sold out', { cause: error });
    }
  }
  @Catch()
  class Broken implements ExceptionFilter {
    catch() {
      throw new TypeError('response.status is not a function');
    }
  }

  @UseFilters(Handling)
  @Injectable()
  class Handlers {
    @OnWebhook('/handled')
    handled() {
      throw new NoStock('none left');
    }
    @OnWebhook('/other', { attempts: 1 })
    other() {
      throw new Error('not a matter of stock');
    }
    @UseFilters(Looking)
    @OnWebhook('/looked', { attempts: 1 })
    looked() {
      throw new NoStock('none to see');
    }
    @UseFilters(Rejecting)
    @OnWebhook('/rejected')
    rejected() {
      throw new NoStock('none any more');
    }
    @UseFilters(Broken)
    @OnWebhook('/broken', { attempts: 1 })
    broken(@Delivery() { headers }: WebhookDelivery) {
      if (headers['reject']) throw new RejectError('as I say');
      throw new NoStock('hidden');
    }
  }

  async function send(path: string, event: 'acked' | 'deadLettered', headers = {}) {
    const { publisher, next } = await nest.start({ providers: [Handlers] });
    filtered.length = 0;
    const happened = next(event);
    await publisher.send(path, {}, { headers });
    return happened;
  }

  test('a filter that returns something has dealt with the failure: the message is done', async () => {
    await send('/handled', 'acked');
    expect(filtered).toEqual(['leanmq: none left']);
  });

  test('a filter that does not catch the exception is not asked', async () => {
    const dead = await send('/other', 'deadLettered');
    expect(dead).toMatchObject({ error: { message: 'not a matter of stock' } });
    expect(filtered).toEqual([]);
  });

  test('a filter that returns nothing, or resolves to nothing, loses no message', async () => {
    const dead = await send('/looked', 'deadLettered');
    expect(dead).toMatchObject({ reason: 'failed', error: { message: 'none to see' } });
    expect(filtered).toEqual(['looked at none to see']);
  });

  test('what a filter throws decides what becomes of the message', async () => {
    const dead = await send('/rejected', 'deadLettered');
    expect(dead).toMatchObject({ reason: 'rejected', attempt: 1, error: { message: 'Sold out' } });
  });

  test('a filter that fails by itself does not hide what it was asked about', async () => {
    const dead = await send('/broken', 'deadLettered');
    expect(dead).toMatchObject({
      error: { name: 'TypeError', cause: { message: 'hidden' } },
    });
  });

  test('RejectError, RetryError and InvalidDeliveryError are answers, and go past the filters', async () => {
    const dead = await send('/broken', 'deadLettered', { reject: 'yes' });
    expect(dead).toMatchObject({ reason: 'rejected', error: { message: 'as I say' } });
  });

  test('global filters are asked, and about what guards throw as well', async () => {
    @Catch(ForbiddenException)
    class Denied implements ExceptionFilter {
      catch() {
        filtered.push('denied');
        return true;
      }
    }
    @UseGuards(Deny)
    @Injectable()
    class Guarded {
      @OnWebhook('/guarded')
      handle() {}
    }

    filtered.length = 0;
    const filter = { provide: APP_FILTER, useClass: Denied };
    const { publisher, next } = await nest.start({ providers: [Guarded, filter] });
    const acked = next('acked');
    await publisher.send('/guarded', {});
    await acked;
    expect(filtered).toEqual(['denied']);
  });
});
