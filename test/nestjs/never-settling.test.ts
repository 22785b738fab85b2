import { describe, expect, test } from '@jest/globals';
import { OnWebhook, WebhookController } from '@leanmq/nestjs';
import {
  Injectable,
  UseGuards,
  UsePipes,
  type CanActivate,
  type PipeTransform,
} from '@nestjs/common';

import { eventually } from '../support/eventually.js';
import { useNest } from './support/nest.js';

const nest = useNest();

const never: (() => void)[] = [];
const hang = (): Promise<true> => new Promise((resolve) => never.push(() => resolve(true)));

@Injectable()
class HangingGuard implements CanActivate {
  canActivate() {
    return hang();
  }
}

@Injectable()
class HangingPipe implements PipeTransform {
  transform() {
    return hang();
  }
}

const STEPS = [
  ['guard', UseGuards(HangingGuard)],
  ['pipe', UsePipes(HangingPipe)],
] as const;

describe.each(STEPS)('a %s that never settles', (_, hanging) => {
  test('is reported once without a time limit, and other queues go on', async () => {
    const others: unknown[] = [];
    @WebhookController()
    class Handlers {
      @hanging
      @OnWebhook('/hangs', { concurrency: 1, longRunningMs: 200 })
      onHangs() {
        others.push('the method');
      }

      @OnWebhook('/other')
      onOther() {
        others.push('other');
      }
    }
    const { mq, publisher } = await nest.start({ providers: [Handlers] }, { drainTimeoutMs: 50 });
    const warned: string[] = [];
    mq.events.on('warning', ({ code }) => warned.push(code));
    await publisher.send('/hangs', 1);
    await publisher.send('/hangs', 2);
    await eventually(() => warned.length === 1);
    await publisher.send('/other', 1);
    await eventually(() => others.length === 1);
    const [hangs] = mq.health().handlers;
    expect(hangs).toMatchObject({ running: 1, busyForMs: expect.any(Number) });
    expect(warned).toEqual(['HANDLER_RUNS_LONG']);
    expect(others).toEqual(['other']);
    never.splice(0).forEach((settle) => settle());
  });
});

test('a guard that answers after its attempt was over does not let the method run', async () => {
  let runs = 0;
  @WebhookController()
  class Handlers {
    @UseGuards(HangingGuard)
    @OnWebhook('/late', { handlerTimeoutMs: 50, attempts: 1 })
    onLate() {
      runs += 1;
    }
  }
  const { mq, publisher, nextDeath } = await nest.start({ providers: [Handlers] });
  const death = nextDeath();
  await publisher.send('/late', 1);
  expect(await death).toMatchObject({ reason: 'failed', error: { code: 'HANDLER_TIMEOUT' } });
  never.splice(0).forEach((settle) => settle());
  await eventually(() => mq.health().handlers[0]?.running === 0);
  expect(runs).toBe(0);
});
