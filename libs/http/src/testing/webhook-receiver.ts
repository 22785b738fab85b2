import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { assertKnownOptions } from '@leanmq/core/internal';

import {
  WebhookVerificationError,
  createWebhookVerifier,
  type VerifierOptions,
  type WebhookVerification,
  type WebhookVerifier,
} from '../verifying/index.js';
import { ReceivedWebhook } from './received-webhook.js';
import { checkedAnswer, give, type ScriptedAnswer } from './scripted-answer.js';

/** Options of a receiver. */
export interface WebhookReceiverOptions extends Partial<VerifierOptions> {
  /** Answer to whatever is not scripted. @default 204 */
  readonly answer?: ScriptedAnswer;
  /** @default one that is free */
  readonly port?: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** Certificate and key, PEM, for HTTPS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

const NAMES: readonly string[] = [
  ...(['scheme', 'secrets', 'toleranceMs', 'explain'] satisfies (keyof VerifierOptions)[]),
  ...(['answer', 'port', 'host', 'tls'] satisfies (keyof WebhookReceiverOptions)[]),
];

const WAIT_MS = 10_000;

/**
 * A server that receives webhooks in a test: a real one, on a port of this machine. It records each request, verifies it
 * if it has secrets (what is not proved is answered 401), and answers as the test says.
 *
 * @example
 * ```ts
 * await using receiver = await WebhookReceiver.start({ secrets: secret });
 * receiver.answerNext(500, { status: 503, headers: { 'retry-after': '1' } });
 * const { verification } = await receiver.next();
 * ```
 */
export class WebhookReceiver implements AsyncDisposable {
  /** Every request so far, the oldest first. */
  readonly requests: ReceivedWebhook[] = [];
  private readonly script: ScriptedAnswer[] = [];
  private readonly waiting = new Set<() => void>();
  private taken = 0;

  private constructor(
    private readonly server: Server,
    private readonly usual: ScriptedAnswer,
    private readonly verifier: WebhookVerifier | undefined,
    /** Where it listens: `http://127.0.0.1:…/` */
    readonly url: string,
  ) {
    server.on('request', (request, response) => void this.receive(request, response));
  }

  /**
   * Starts a receiver.
   *
   * @throws {ConfigError} for an option that is not acceptable
   */
  static async start(options: WebhookReceiverOptions = {}): Promise<WebhookReceiver> {
    assertKnownOptions('WebhookReceiver', options, NAMES);
    const { answer = 204, port = 0, host = '127.0.0.1', tls, ...verifying } = options;
    const { scheme = 'standard', secrets } = verifying;
    const isVerifying = secrets !== undefined || options.scheme !== undefined;
    const verifier = isVerifying ? createWebhookVerifier({ ...verifying, scheme }) : undefined;
    const usual = checkedAnswer(answer);
    const server = tls === undefined ? createServer() : createSecureServer(tls);
    server.listen(port, host);
    await once(server, 'listening');
    const { port: free } = server.address() as AddressInfo;
    const shown = host.includes(':') ? `[${host}]` : host;
    const url = `${tls === undefined ? 'http' : 'https'}://${shown}:${free}/`;
    return new WebhookReceiver(server, usual, verifier, url);
  }

  /** Scripts the answers to the next requests, in turn. */
  answerNext(...answers: readonly ScriptedAnswer[]): this {
    this.script.push(...answers.map(checkedAnswer));
    return this;
  }

  /**
   * Waits for the next request that this has not given yet.
   *
   * @throws {Error} if none comes in time
   */
  async next({
    timeoutMs = WAIT_MS,
  }: { readonly timeoutMs?: number } = {}): Promise<ReceivedWebhook> {
    this.taken += 1;
    const count = this.taken;
    try {
      await this.received(count, { timeoutMs });
    } catch (error) {
      // One that comes late is the next one.
      this.taken -= 1;
      throw error;
    }
    return this.requests[count - 1] as ReceivedWebhook;
  }

  /**
   * Waits until there have been so many requests; gives all of them.
   *
   * @throws {Error} if they do not come in time
   */
  async received(
    count: number,
    { timeoutMs = WAIT_MS }: { readonly timeoutMs?: number } = {},
  ): Promise<readonly ReceivedWebhook[]> {
    const deadline = performance.now() + timeoutMs;
    while (this.requests.length < count) await this.oneMore(count, deadline - performance.now());
    return this.requests;
  }

  /** Stops, and cuts what is still open. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private oneMore(count: number, leftMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const arrived = (): void => {
        clearTimeout(timer);
        this.waiting.delete(arrived);
        resolve();
      };
      const timer = setTimeout(
        () => {
          this.waiting.delete(arrived);
          const { length } = this.requests;
          reject(new Error(`The receiver got ${length} of ${count} requests in time.`));
        },
        Math.max(0, leftMs),
      );
      this.waiting.add(arrived);
    });
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (body === undefined) return;
    const [proof, refusal] = await this.verified(request, body);
    this.requests.push(new ReceivedWebhook(request, body, proof, refusal));
    give(refusal === undefined ? (this.script.shift() ?? this.usual) : 401, response);
    for (const arrived of [...this.waiting]) arrived();
  }

  private async verified(
    request: IncomingMessage,
    body: Buffer,
  ): Promise<[WebhookVerification | undefined, WebhookVerificationError | undefined]> {
    const { verifier } = this;
    if (verifier === undefined) return [undefined, undefined];
    try {
      const url = new URL(request.url ?? '', this.url).href;
      return [await verifier.verify({ headers: request.headers, body, url }), undefined];
    } catch (error) {
      if (error instanceof WebhookVerificationError) return [undefined, error];
      throw error;
    }
  }
}

/** Undefined of a request that was cut off. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
