import { expect, test } from '@jest/globals';

import { QUICK, useBroker } from '../support/broker.js';
import { nextEvent } from '../support/eventually.js';

const broker = useBroker();

test.each(['x', '1.5', '9223372036854775807', ''])(
  'a registry whose version is "%s" counts from 1 again, and processes still see its changes',
  async (version) => {
    const got: unknown[] = [];
    const mq = broker.mq({ ...QUICK, group: 'g' }).handle('/a', ({ data }) => got.push(data));
    await mq.start();
    await broker.redis.hset(`${broker.prefix}:routes`, 'version', version);
    const paused = nextEvent(mq.events, 'paused');
    await broker.mq().queue('/a').pause({ group: 'g' });
    await paused;
    const resumed = nextEvent(mq.events, 'resumed');
    await broker.mq().queue('/a').resume('g');
    await resumed;
    const acked = nextEvent(mq.events, 'acked');
    await mq.publish('/a', 1);
    await acked;
    expect(got).toEqual([1]);
    expect(Number(await broker.redis.hget(`${broker.prefix}:routes`, 'version'))).toBeGreaterThan(
      1,
    );
  },
);
