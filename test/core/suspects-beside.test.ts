import { expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { crashed } from '../support/crashed.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

test('a suspect stops other queues for a second at most, and runs beside a handler that does not end', async () => {
  const leaseMs = 3_000;
  const mq = broker.mq({ group: 'g', leaseMs });
  const warnings: string[] = [];
  mq.events.on('warning', ({ code }) => warnings.push(code));
  let suspects = 0;
  const waitedMs: number[] = [];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  mq.handle('/long', () => ended);
  mq.handle('/suspect', () => void (suspects += 1));
  mq.handle<number>('/orders', ({ data }) => void waitedMs.push(performance.now() - data));
  await mq.queue('/suspect').declareGroup('g');
  await mq.publish('/suspect', 1);
  await crashed(broker, 'suspect', { times: 2 });
  await mq.start();
  await mq.publish('/long', 1);
  await eventually(
    async () => {
      await mq.publish('/orders', performance.now());
      return suspects === 1;
    },
    { timeoutMs: 8 * leaseMs },
  );
  expect(warnings).toContain('SUSPECT_NOT_ALONE');
  expect(Math.max(...waitedMs)).toBeLessThan(1_600);
  end();
}, 40_000);
