import { afterAll, describe, expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { EgressClient } from '../../libs/http/src/egress/index.js';
import { killChildren } from '../support/children.js';
import { eventually } from '../support/eventually.js';
import { Receiver } from './support.js';

const ORIGINS = 10_000;
const AT_ONCE = 100;
const MAX_ORIGINS = 300;
const MB = 1_024 * 1_024;

afterAll(killChildren);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapMb(): number {
  collect();
  return process.memoryUsage().heapUsed / MB;
}

describe('ten thousand origins', () => {
  it('are all reached by a bounded number of connections, of which neither sockets nor heap are left', async () => {
    const receiver = await Receiver.start({ host: '0.0.0.0', tells: false });
    const client = new EgressClient({
      allowHttp: true,
      allow: ['127.0.0.0/8'],
      maxOrigins: MAX_ORIGINS,
      idleMs: 1_000,
    });
    const body = Buffer.from('{}');
    let most = 0;
    const send = async (n: number): Promise<string> => {
      const host = `127.${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
      const url = receiver.url('/status', host);
      const { outcome } = await client.send({ url, headers: {}, body, timeoutMs: 20_000 });
      most = Math.max(most, client.connections.origins);
      return outcome;
    };
    const failed: number[] = [];
    const round = async (origins: number): Promise<void> => {
      let next = 0;
      const worker = async (): Promise<void> => {
        for (let n = (next += 1); n <= origins; n = next += 1) {
          if ((await send(n)) !== 'success') failed.push(n);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      await eventually(() => client.connections.origins === 0);
      await eventually(async () => (await receiver.sockets()).open === 0);
    };
    // What is made once, such as compiled code, is there after the first round.
    await round(2 * MAX_ORIGINS);
    const heap = heapMb();
    await round(ORIGINS);
    expect(failed).toEqual([]);
    expect(most).toBeLessThanOrEqual(MAX_ORIGINS + AT_ONCE);
    expect(most).toBeGreaterThan(AT_ONCE);
    expect((await receiver.sockets()).opened).toBe(2 * MAX_ORIGINS + ORIGINS);
    expect(heapMb() - heap).toBeLessThan(2);
    await client.close();
  }, 120_000);
});
