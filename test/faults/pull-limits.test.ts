import { describe, expect, test } from '@jest/globals';

import { eventually } from '../support/eventually.js';
import { useFaultyRig } from '../support/server.js';
import { within } from '../support/within.js';

const rig = useFaultyRig();

const UNAVAILABLE = { code: 'BROKER_UNAVAILABLE' };

describe('while Redis does not answer,', () => {
  test('a receive, a pass and the end of a delivery reject in time', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url, { commandTimeoutMs: 600, drainTimeoutMs: 200 });
    await mq.publish('/a', 1);
    await mq.publish('/a', 2);
    const [first, second] = await mq.receive('/a', { count: 2 });
    if (first === undefined || second === undefined) throw new Error('nothing was received');
    server.freeze();
    const calls = [
      mq.receive('/a'),
      mq.receive('/a', { blockMs: 200, timeoutMs: 300 }),
      mq.handle('/b', () => undefined).processOnce(),
      first.ack(),
      second.retry({ timeoutMs: 300 }),
      second.extend({ timeoutMs: 300 }),
    ];
    const ended = await within(10_000, Promise.allSettled(calls));
    for (const each of ended.slice(0, 5)) {
      expect(each).toMatchObject({ status: 'rejected', reason: UNAVAILABLE });
    }
    server.thaw();
    // Calls that were under way continue: the first message is settled, the second comes again.
    await eventually(async () => {
      const [group] = (await mq.queue('/a').info()).groups;
      expect(group).toMatchObject({ waiting: 1, inFlight: 0 });
    });
  }, 30_000);
});

describe('a signal', () => {
  test('ends a waiting receive, and what comes for it is released without an attempt', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url);
    await mq.receive('/a');
    const enough = new AbortController();
    const waiting = mq.receive('/a', { blockMs: 60_000, signal: enough.signal });
    enough.abort(new Error('no longer'));
    await expect(within(2_000, waiting)).rejects.toMatchObject({ code: 'ABORTED' });
    await mq.publish('/a', 'x');
    const got = await within(10_000, mq.receive('/a', { blockMs: 5_000 }));
    expect(got.map(({ data, attempt }) => [data, attempt])).toEqual([['x', 1]]);
  }, 30_000);

  test('ends a pass: a running message is released, and no connection is left', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url, { drainTimeoutMs: 100 });
    const enough = new AbortController();
    let begun = 0;
    let aborted = 0;
    mq.handle('/a', ({ signal }) => {
      begun += 1;
      return new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => {
          aborted += 1;
          resolve();
        }),
      );
    });
    await mq.publish('/a', 1);
    const pass = mq.processOnce({ signal: enough.signal, blockMs: 5_000 });
    await eventually(() => begun === 1);
    enough.abort();
    await expect(within(2_000, pass)).rejects.toMatchObject({ code: 'ABORTED' });
    await eventually(async () => {
      expect((await mq.queue('/a').info()).groups).toMatchObject([{ waiting: 1, inFlight: 0 }]);
    });
    expect(aborted).toBe(1);
    expect(Object.keys(mq.health().connections).filter((name) => name.includes('read'))).toEqual(
      [],
    );
  }, 30_000);

  test('that was aborted before the call leaves a delivery as it is', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url);
    await mq.publish('/a', 1);
    const [delivery] = await mq.receive('/a');
    const failure = delivery?.ack({ signal: AbortSignal.abort() });
    await expect(failure).rejects.toMatchObject({ code: 'ABORTED', outcome: 'not-sent' });
    expect(await delivery?.ack()).toBe('settled');
    await expect(delivery?.ack({ timeout: 5 } as object)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});
