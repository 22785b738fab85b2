import net from 'node:net';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  test,
} from '@jest/globals';

import {
  EgressClient,
  type AttemptResult,
  type EgressOptions,
} from '../../libs/http/src/egress/index.js';
import { killChildren } from '../support/children.js';
import { Receiver, makeCertificates } from './support.js';

/** Spellings of addresses inside, as URLs on the receiver's port. */
const LITERALS = [
  '127.0.0.1',
  '127.1',
  '127.0.0.1.',
  '127.8.9.10',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '①②⑦.⓪.⓪.①',
  '127。0。0。1',
  '%31%32%37.0.0.1',
  '0.0.0.0',
  '0',
  'localhost',
  'LOCALHOST.',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2001:0:7f00:1::f7f7:f7f7]',
  '10.0.0.1',
  '169.254.169.254',
  '[fd00:ec2::254]',
  '[fe80::1]',
] as const;

let receiver: Receiver;
let client: EgressClient;
let dialled: string[];

beforeAll(async () => {
  receiver = await Receiver.start({ tls: makeCertificates().server });
});
beforeEach(() => {
  dialled = [];
});
afterEach(async () => {
  await client.close();
});
afterAll(killChildren);

/** A client whose names have the given addresses, one list for each lookup; the last one stays. */
function use(answers: readonly (readonly string[])[], options: EgressOptions = {}): string[] {
  const asked: string[] = [];
  client = new EgressClient({
    allowHttp: true,
    resolve: async (hostname) => {
      asked.push(hostname);
      return answers[Math.min(asked.length, answers.length) - 1] ?? [];
    },
    ...options,
  });
  return asked;
}

function send(url: string, timeoutMs = 5_000): Promise<AttemptResult> {
  return client.send({ url, headers: {}, body: Buffer.from('{}'), timeoutMs });
}

/** Notes what `act` dials, by the method with which every TCP connection of Node begins. */
async function spying<T>(act: () => Promise<T>): Promise<T> {
  const original = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (this: net.Socket, ...given: unknown[]): net.Socket {
    const [options] = (Array.isArray(given[0]) ? given[0] : given) as [net.TcpNetConnectOpts];
    dialled.push(`${options.host}:${options.port}`);
    return Reflect.apply(original, this, given) as net.Socket;
  };
  try {
    return await act();
  } finally {
    net.Socket.prototype.connect = original;
  }
}

describe('an address inside', () => {
  test.each(LITERALS)(
    '%s is dialled by neither http nor https, nor does it pass a check',
    async (host) => {
      client = new EgressClient({ allowHttp: true });
      await spying(async () => {
        for (const url of [receiver.url('/spied', host), receiver.tlsUrl('/spied', host)]) {
          expect(await send(url)).toMatchObject({ outcome: 'failed', error: { fault: 'blocked' } });
          await expect(client.guard.check(url)).rejects.toMatchObject({
            code: 'ADDRESS_BLOCKED',
            field: 'url',
          });
        }
      });
      // The lookup of a name is a part of its connection, and nothing comes of it.
      expect(dialled.filter((each) => !/^localhost\.?:/i.test(each))).toEqual([]);
      expect(await receiver.heard('/spied')).toEqual([]);
    },
  );

  it('is what the spy sees when it is allowed', async () => {
    client = new EgressClient({ allowHttp: true, allow: ['127.0.0.1'] });
    await spying(() => send(receiver.url('/status')));
    expect(dialled).toEqual([`127.0.0.1:${receiver.port}`]);
  });
});

describe('a name', () => {
  const url = (path: string): string => receiver.url(path, 'hooks.example');

  it('is dialled at the address that was judged, which is asked for once', async () => {
    const asked = use([['127.0.0.1']], { allow: ['127.0.0.1'] });
    expect((await send(url('/status'))).outcome).toBe('success');
    expect(asked).toEqual(['hooks.example']);
  });

  it('that turns to an address inside after its check is not dialled', async () => {
    const asked = use([['8.8.8.8'], ['127.0.0.1']]);
    expect(await client.guard.check(url('/rebound'))).toBe(url('/rebound'));
    const { outcome, error } = await send(url('/rebound'));
    expect({ outcome, fault: error?.fault }).toEqual({ outcome: 'failed', fault: 'blocked' });
    expect(error?.message).toContain('127.0.0.1 of "hooks.example" is in 127.0.0.0/8 (loopback)');
    expect(asked).toHaveLength(2);
    expect(await receiver.heard('/rebound')).toEqual([]);
  });

  it('that has one address inside among others is not dialled at all', async () => {
    use([['8.8.8.8', '2606:4700::1111', '127.0.0.1']]);
    const { error } = await send(url('/mixed'));
    expect(error?.fault).toBe('blocked');
    await expect(client.guard.check(url('/mixed'))).rejects.toMatchObject({
      code: 'ADDRESS_BLOCKED',
    });
  });

  it('is dialled at its next address when the first one does not answer', async () => {
    // Nobody listens at 127.0.0.2: the receiver has 127.0.0.1 alone.
    use([['127.0.0.2', '127.0.0.1']], { allow: ['127.0.0.0/8'] });
    expect((await send(url('/status'))).outcome).toBe('success');
  });

  it('that nobody has fails a request, and a check as something to try again', async () => {
    use([[]]);
    expect(await send(url('/none'))).toMatchObject({
      outcome: 'failed',
      error: { fault: 'unresolved' },
    });
    await expect(client.guard.check(url('/none'))).rejects.toMatchObject({
      code: 'HOST_UNRESOLVED',
      retryable: true,
    });
  });

  it('whose lookup fails is reported with the reason from DNS', async () => {
    use([], {
      resolve: async () => {
        throw Object.assign(new Error('queryA'), { code: 'ENOTFOUND' });
      },
    });
    const { error } = await send(url('/none'));
    expect(error?.message).toBe(
      'The host "hooks.example" has no address (ENOTFOUND); check its name, or try again when its DNS has it.',
    );
  });

  it('whose lookup never ends is given up in time', async () => {
    use([], { resolve: () => new Promise(() => undefined), connectTimeoutMs: 200 });
    const { error, timings } = await send(url('/slow'));
    expect(error?.fault).toMatch(/^(unresolved|connect-timeout)$/);
    expect(timings.totalMs).toBeLessThan(3_000);
    await expect(client.guard.check(url('/slow'))).rejects.toMatchObject({
      code: 'HOST_UNRESOLVED',
    });
  });

  test.each<[unknown]>([[undefined], ['127.0.0.1'], [[5]], [['hooks.internal']]])(
    'for which a lookup returns %j is not dialled',
    async (answer) => {
      use([], { resolve: async () => answer as string[], allow: ['127.0.0.1'] });
      expect((await send(url('/odd'))).outcome).toBe('failed');
      expect(await receiver.heard('/odd')).toEqual([]);
    },
  );

  it('that does not exist is not found by the default lookup', async () => {
    client = new EgressClient({ allowHttp: true });
    await expect(client.guard.check('https://leanmq.invalid/')).rejects.toMatchObject({
      code: 'HOST_UNRESOLVED',
    });
  });
});
