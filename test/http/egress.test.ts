import { createServer, type AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
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

import { EgressClient, type EgressOptions } from '../../libs/http/src/egress/index.js';
import type { AttemptResult, EgressRequest } from '../../libs/http/src/egress/index.js';
import { killChildren } from '../support/children.js';
import { eventually } from '../support/eventually.js';
import { expectNoNewResources, openResources, type Resources } from '../support/leaks.js';
import { Receiver, makeCertificates, type Certificates } from './support.js';

const INSIDE: EgressOptions = { allowHttp: true, allow: ['127.0.0.0/8', '::1'] };
const BODY = Buffer.from('{"type":"order.paid","data":{"note":"Grüße 😀"}}');

let certificates: Certificates;
let receiver: Receiver;
let client: EgressClient;
let before: Resources;

beforeAll(async () => {
  certificates = makeCertificates();
  receiver = await Receiver.start({ tls: certificates.server });
});
beforeEach(async () => {
  before = await openResources();
  client = new EgressClient(INSIDE);
});
afterEach(async () => {
  await client.close();
  await expectNoNewResources(before);
});
afterAll(killChildren);

function send(url: string, given: Partial<EgressRequest> = {}): Promise<AttemptResult> {
  const headers = { 'content-type': 'application/json' };
  return client.send({ url, headers, body: BODY, timeoutMs: 10_000, ...given });
}

/** Replaces the client by one with other options. */
function use(options: EgressOptions): void {
  client = new EgressClient({ ...INSIDE, ...options });
}

describe('a request', () => {
  it('arrives byte for byte, with its own headers and no added ones', async () => {
    const url = receiver.url('/status/exact?a=%20b');
    const headers = { 'content-type': 'application/json', 'webhook-id': 'msg_1', 'x-own': 'ü' };
    expect(await send(url, { headers })).toMatchObject({ outcome: 'success', status: 200 });
    const [heard] = await receiver.heard('/status/exact');
    expect(heard?.url).toBe('/status/exact?a=%20b');
    expect(Buffer.from(heard?.body ?? '', 'base64')).toEqual(BODY);
    expect(Object.keys(heard?.headers ?? {}).sort()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'host',
      'webhook-id',
      'x-own',
    ]);
  });

  test.each([200, 201, 202, 204])('that is answered %i is a success', async (code) => {
    expect(await send(receiver.url(`/status?code=${code}`))).toMatchObject({
      outcome: 'success',
      status: code,
      error: undefined,
    });
  });

  it('that is answered after 103 Early Hints is a success', async () => {
    expect(await send(receiver.url('/early-hints'))).toMatchObject({ status: 200 });
  });

  test.each([301, 302, 303, 307, 308])('that is answered %i is not redirected', async (code) => {
    const location = receiver.url(`/status/redirected-${code}`);
    const url = receiver.url(`/status?code=${code}&location=${encodeURIComponent(location)}`);
    const { outcome, error } = await send(url);
    expect({ outcome, fault: error?.fault }).toEqual({ outcome: 'failed', fault: 'redirect' });
    expect(await receiver.heard(`/status/redirected-${code}`)).toEqual([]);
  });

  it('that is answered 410 finds the receiver gone', async () => {
    expect(await send(receiver.url('/status?code=410'))).toMatchObject({ outcome: 'gone' });
  });

  test.each([429, 503])('that is answered %i reports the seconds of retry-after', async (code) => {
    const result = await send(receiver.url(`/status?code=${code}&retry-after=120`));
    expect(result).toMatchObject({ outcome: 'slow-down', status: code, retryAfterMs: 120_000 });
  });

  test.each([429, 503])('that is answered %i reports the date of retry-after', async (code) => {
    const at = new Date(Date.now() + 3_600_000).toUTCString();
    const url = receiver.url(`/status?code=${code}&retry-after=${encodeURIComponent(at)}`);
    const { outcome, retryAfterMs = 0 } = await send(url);
    expect(outcome).toBe('slow-down');
    expect(retryAfterMs).toBeGreaterThan(3_540_000);
    expect(retryAfterMs).toBeLessThanOrEqual(3_600_000);
  });

  it('fails as often as it is answered 500, and then succeeds', async () => {
    const outcomes: string[] = [];
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      outcomes.push((await send(receiver.url('/recovers?times=3&key=a'))).outcome);
    }
    expect(outcomes).toEqual(['failed', 'failed', 'failed', 'success']);
  });

  it('keeps the first KiB of an answer, and its connection where the answer is not large', async () => {
    const first = await send(receiver.url('/big?bytes=20000'));
    expect(first).toMatchObject({ outcome: 'success', excerpt: 'x'.repeat(1_024) });
    await eventually(async () => (await send(receiver.url('/status'))).timings.reused);
    expect(client.connections.origins).toBe(1);
  });

  it('succeeds with an endless answer', async () => {
    const result = await send(receiver.url('/endless'));
    expect(result).toMatchObject({ outcome: 'success', status: 200 });
    expect(result.excerpt).toHaveLength(1_024);
    expect(result.timings.totalMs).toBeLessThan(5_000);
  });

  test.each<[code: number, outcome: string]>([
    [200, 'success'],
    [503, 'slow-down'],
  ])('that is answered %i with a body that drips ends at its deadline', async (code, outcome) => {
    const { timings, ...result } = await send(receiver.url(`/drips?code=${code}`), {
      timeoutMs: 500,
    });
    expect(result).toMatchObject({ outcome, status: code });
    expect(result.excerpt).toMatch(/^\.+$/);
    expect(timings.totalMs).toBeGreaterThan(450);
    expect(timings.totalMs).toBeLessThan(2_000);
  });

  test.each(['/hangs', '/drips-headers'])('to %s ends at its deadline', async (path) => {
    const { outcome, status, error, timings } = await send(receiver.url(path), { timeoutMs: 300 });
    expect({ outcome, status, fault: error?.fault }).toEqual({
      outcome: 'slow-down',
      status: undefined,
      fault: 'timeout',
    });
    expect(timings.connectedMs).toBeLessThan(300);
    expect(timings.totalMs).toBeGreaterThan(280);
  });

  it('ends when its headers do not come in time', async () => {
    use({ headersTimeoutMs: 200 });
    const { outcome, error } = await send(receiver.url('/drips-headers'));
    expect({ outcome, fault: error?.fault }).toEqual({
      outcome: 'slow-down',
      fault: 'headers-timeout',
    });
  });

  test.each<[path: string, fault: string]>([
    ['/resets', 'reset'],
    ['/closes', 'reset'],
    ['/garbage', 'protocol'],
    ['/huge-headers', 'protocol'],
  ])('to %s fails by %s', async (path, fault) => {
    expect(await send(receiver.url(path))).toMatchObject({
      outcome: 'failed',
      status: undefined,
      error: { fault },
    });
  });

  it('succeeds when the connection is reset in the body of a 200', async () => {
    expect(await send(receiver.url('/resets-in-body'))).toMatchObject({
      outcome: 'success',
      excerpt: 'half',
    });
  });

  it('is made again at once when a kept connection was closed at the moment of its use', async () => {
    const path = '/closes-after/kept';
    expect((await send(receiver.url(path))).outcome).toBe('success');
    // undici has a connection free again one turn of the event loop after its answer.
    await setImmediate();
    await setImmediate();
    const { opened } = await receiver.sockets();
    expect((await send(receiver.url(path))).outcome).toBe('success');
    expect((await receiver.sockets()).opened).toBe(opened + 1);
    expect(await receiver.heard(path)).toHaveLength(2);
  });

  it('that nobody accepts fails', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({
      outcome: 'failed',
      error: { fault: 'connect-failed', message: expect.stringContaining('ECONNREFUSED') },
    });
  });

  it('to a server that speaks TLS wrongly fails by the handshake', async () => {
    expect(await send(`https://127.0.0.1:${receiver.port}/`)).toMatchObject({
      outcome: 'failed',
      error: { fault: 'tls-failed' },
    });
  });

  it('is given up by its signal, which is no attempt', async () => {
    const shutdown = new AbortController();
    const sent = send(receiver.url('/hangs/given-up'), { signal: shutdown.signal });
    await eventually(async () => (await receiver.heard('/hangs/given-up')).length === 1);
    shutdown.abort();
    expect(await sent).toMatchObject({ outcome: 'aborted', error: { fault: 'aborted' } });
    expect((await send(receiver.url('/status'), { signal: shutdown.signal })).outcome).toBe(
      'aborted',
    );
  });

  it('is not sent by a client that is closed', async () => {
    await client.close();
    expect((await send(receiver.url('/status/closed'))).outcome).toBe('aborted');
    expect(await receiver.heard('/status/closed')).toEqual([]);
    expect(client.connections).toEqual({ origins: 0, sockets: 0 });
  });

  it('with a header that HTTP does not know is not sent', async () => {
    const headers = { 'x-bad': 'a\r\nx-injected: b' };
    expect(await send(receiver.url('/status/injected'), { headers })).toMatchObject({
      outcome: 'failed',
      error: { fault: 'connect-failed' },
    });
    expect(await receiver.heard('/status/injected')).toEqual([]);
  });
});

describe('a certificate', () => {
  it('of a known authority is accepted', async () => {
    const url = receiver.tlsUrl('/status');
    const { outcome } = await send(url, { tls: { ca: certificates.ca } });
    expect(outcome).toBe('success');
  });

  it('of an unknown authority is refused', async () => {
    const { outcome, error } = await send(receiver.tlsUrl('/status/unknown'));
    expect({ outcome, fault: error?.fault }).toEqual({ outcome: 'failed', fault: 'tls-failed' });
    expect(error?.message).toContain('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(await receiver.heard('/status/unknown')).toEqual([]);
  });

  test.each<['expired' | 'wrongHost', code: string]>([
    ['expired', 'CERT_HAS_EXPIRED'],
    ['wrongHost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('that is %s is refused with %s', async (kind, code) => {
    const other = await Receiver.start({ tls: certificates[kind] });
    const { outcome, error } = await send(other.tlsUrl('/status'), {
      tls: { ca: certificates.ca },
    });
    expect({ outcome, fault: error?.fault }).toEqual({ outcome: 'failed', fault: 'tls-failed' });
    expect(error?.message).toContain(code);
    expect(await other.heard('/')).toEqual([]);
    await other.stop();
  });

  it('of the client is shown, and never on a connection of another endpoint', async () => {
    const tls = { ...certificates.server, clientCa: certificates.ca };
    const strict = await Receiver.start({ tls });
    const { ca, client: own } = certificates;
    const first = await send(strict.tlsUrl('/status'), { tls: { ca, ...own } });
    expect(first.outcome).toBe('success');
    expect((await strict.heard('/status'))[0]?.subject).toBe('client');
    const second = await send(strict.tlsUrl('/status'), { tls: { ca } });
    // In TLS 1.3 the server says so after the handshake, or just closes.
    expect(second).toMatchObject({ outcome: 'failed', status: undefined });
    expect(second.error?.fault).toMatch(/^(tls-failed|reset)$/);
    expect(await strict.heard('/status')).toHaveLength(1);
    await strict.stop();
  });

  it('of the client that cannot be read fails the request only', async () => {
    const { ca } = certificates;
    const result = await send(receiver.tlsUrl('/status'), { tls: { ca, cert: 'no PEM', key: '' } });
    expect(result.outcome).toBe('failed');
  });
});
