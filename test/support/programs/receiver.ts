/**
 * A receiver of webhooks in its own process. The first segment of a request's path names a behaviour, and the query
 * sets its details. The process reports `['listening', port, tlsPort]` and, for each request, `['request', { … }]`; it
 * answers any message with its connection counts: `[message, open, opened]`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';

export interface ReceiverSettings {
  readonly host?: string;
  /** PEM of a certificate and key for a second port, which speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  /** False when requests are not reported, because there are many. @default true */
  readonly tells?: boolean;
}

export interface HeardRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly subject: string | undefined;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as ReceiverSettings;
const { host = '127.0.0.1', tls, tells = true } = settings;
const tell = (message: unknown): void => void process.send?.(message);
const fails = new Map<string, number>();
const open = new Set<Socket>();
let opened = 0;

type Behaviour = (response: ServerResponse, query: URLSearchParams, socket: Socket) => void;

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  status: (response, query) => {
    for (const [name, value] of query) if (name !== 'code') response.setHeader(name, value);
    response.writeHead(Number(query.get('code') ?? 200)).end(query.get('body') ?? 'thank you');
  },
  // Answers 500 `times` times, then 200.
  recovers: (response, query) => {
    const left = fails.get(query.get('key') ?? '') ?? Number(query.get('times'));
    fails.set(query.get('key') ?? '', left - 1);
    response.writeHead(left > 0 ? 500 : 200).end();
  },
  'early-hints': (response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.writeHead(200).end();
  },
  big: (response, query) => response.end('x'.repeat(Number(query.get('bytes')))),
  // Answers with a body of one byte every 20 ms, forever.
  drips: (response, query) => {
    response.writeHead(Number(query.get('code') ?? 200));
    forever(response, () => response.write('.'), 20);
  },
  // Answers with an endless body, as fast as the client reads.
  endless: (response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(16_384)));
    };
    response.on('drain', more);
    more();
  },
  'drips-headers': (response, _, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx-long: ');
    forever(response, () => socket.write('x'), 20);
  },
  hangs: () => undefined,
  resets: (_, __, socket) => socket.resetAndDestroy(),
  closes: (_, __, socket) => socket.destroy(),
  'resets-in-body': (response, _, socket) => {
    response.writeHead(200, { 'content-length': '1000' }).write('half');
    setTimeout(() => socket.resetAndDestroy(), 20);
  },
  garbage: (_, __, socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'),
  'huge-headers': (_, __, socket) =>
    void socket.write(`HTTP/1.1 200 OK\r\nx-large: ${'x'.repeat(100_000)}\r\n\r\n`),
  // Answers without announcing its close: the client may try to use the connection again.
  'closes-after': (response, _, socket) => {
    response.writeHead(200).end();
    socket.removeAllListeners('data');
    socket.on('data', () => socket.destroy());
  },
};

function forever(response: ServerResponse, write: () => void, everyMs: number): void {
  const timer = setInterval(write, everyMs);
  response.on('close', () => clearInterval(timer));
}

function receive(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://receiver');
    if (tells) tell(['request', heard(request, Buffer.concat(chunks))]);
    const behaviour = BEHAVIOURS[pathname.split('/')[1] ?? ''] ?? BEHAVIOURS['status'];
    behaviour?.(response, searchParams, request.socket);
  });
}

function heard(request: IncomingMessage, body: Buffer): HeardRequest {
  const { url = '', headers, socket } = request;
  // Empty when the client showed no certificate, whatever the type says.
  const certificate: Partial<PeerCertificate> | undefined = (
    socket as Partial<TLSSocket>
  ).getPeerCertificate?.();
  return {
    url,
    headers,
    body: body.toString('base64'),
    subject: certificate?.subject?.CN?.toString(),
  };
}

process.once('disconnect', () => process.exit(1));
process.on('message', (question) => tell([question, open.size, opened]));

const plain = createServer({ keepAliveTimeout: 60_000 }, receive);
const secure =
  tls &&
  createTlsServer(
    {
      ...tls,
      ...(tls.clientCa !== undefined && { ca: tls.clientCa, requestCert: true }),
      rejectUnauthorized: tls.clientCa !== undefined,
      keepAliveTimeout: 60_000,
    },
    receive,
  );
const servers = secure === undefined ? [plain] : [plain, secure];
for (const server of servers) {
  server.on('connection', (socket: Socket) => {
    opened += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host, backlog: 4_096 }, resolve));
}
tell(['listening', ...servers.map((server) => (server.address() as AddressInfo).port)]);
