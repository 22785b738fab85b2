import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { useBroker } from '../support/broker.js';

const broker = useBroker();

interface Plan {
  /** Entries on the log. */
  readonly total: number;
  /** Per group: how many it has read, and which of these it has not acked. */
  readonly groups: readonly { readonly read: number; readonly pending: readonly number[] }[];
  readonly retained: number;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  total: fc.integer({ min: 0, max: 400 }),
  groups: fc.array(
    fc.record({
      read: fc.integer({ min: 0, max: 400 }),
      pending: fc.array(fc.integer({ min: 0, max: 399 }), { maxLength: 4 }),
    }),
    { maxLength: 3 },
  ),
  retained: fc.integer({ min: 0, max: 50 }),
});

test('trimming leaves what is retained and all that any group has not finished, whatever was read and acked', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(plan, async ({ total, groups, retained }) => {
      run += 1;
      const path = `p/${run}`;
      const log = broker.key(path, 'log');
      const mq = broker.mq({ retention: { count: retained } });
      const adding = broker.redis.pipeline();
      for (let n = 1; n <= total; n += 1) adding.xadd(log, `${n}-0`, 'd', '1');
      await adding.exec();
      const unfinished = new Set<string>();
      for (const [index, { read, pending }] of groups.entries()) {
        const group = `g${index}`;
        await broker.redis.xgroup('CREATE', log, group, '0', 'MKSTREAM');
        const taken = Math.min(read, total);
        if (taken > 0) {
          await broker.redis.xreadgroup('GROUP', group, 'c', 'COUNT', taken, 'STREAMS', log, '>');
          const held = new Set(pending.map((each) => each % taken).map((each) => `${each + 1}-0`));
          const acked = Array.from({ length: taken }, (_, n) => `${n + 1}-0`).filter(
            (id) => !held.has(id),
          );
          if (acked.length > 0) await broker.redis.xack(log, group, ...acked);
          for (const id of held) unfinished.add(id);
        }
        for (let n = taken + 1; n <= total; n += 1) unfinished.add(`${n}-0`);
      }
      // A manual sweep needs a registered route.
      await mq.publish(path, 'the last one');
      await mq.queue(path).sweep();
      const left = new Set((await broker.redis.xrange(log, '-', '+')).map(([id]) => id));
      for (const id of unfinished) expect(left).toContain(id);
      const finished = total - unfinished.size;
      const kept = [...left].filter((id) => !unfinished.has(id)).length - 1;
      expect(kept).toBeGreaterThanOrEqual(
        groups.length === 0 ? total : Math.min(retained, finished),
      );
      await mq.close();
    }),
    { numRuns: 40 },
  );
});
