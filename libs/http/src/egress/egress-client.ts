import { createHash } from 'node:crypto';
import { toError } from '@leanmq/core/internal';
import type { buildConnector } from 'undici';
import type { AttemptResult, EgressRequest, TlsIdentity } from './attempt.js';
import { ExchangeEnded, verdictOfError } from './classify.js';
import { guardedConnector } from './connector.js';
import { EgressGuard } from './egress-guard.js';
import { EGRESS_DEFAULTS, validEgressOptions, type EgressOptions } from './egress-options.js';
import { Exchange } from './exchange.js';
import { OriginPools, type OriginPool } from './origin-pools.js';

const NOT_SENT: AttemptResult = Object.freeze({
  ...verdictOfError(new ExchangeEnded('aborted'), false),
  status: undefined,
  retryAfterMs: undefined,
  excerpt: '',
  timings: { connectedMs: undefined, headersMs: undefined, totalMs: 0, reused: false },
});

/**
 * Sends requests to receivers: to those that may be dialled only, without redirects, each within its deadline.
 *
 * @example
 * ```ts
 * const client = new EgressClient({ allow: ['10.1.0.0/16'] });
 * const { outcome, status } = await client.send({ url, headers, body, timeoutMs: 20_000 });
 * await client.close();
 * ```
 */
export class EgressClient {
  readonly guard: EgressGuard;
  private readonly pools: OriginPools;
  private readonly connectTimeoutMs: number;
  private readonly connect: buildConnector.connector;
  private closed = false;

  /** @throws {ConfigError} naming the option that is not acceptable */
  constructor(private readonly options: EgressOptions = {}) {
    validEgressOptions(options);
    this.guard = new EgressGuard(options);
    this.connectTimeoutMs = options.connectTimeoutMs ?? EGRESS_DEFAULTS.connectTimeoutMs;
    this.connect = guardedConnector(this.guard, this.connectTimeoutMs, undefined);
    this.pools = new OriginPools({
      maxOrigins: options.maxOrigins ?? EGRESS_DEFAULTS.maxOrigins,
      idleMs: options.idleMs ?? EGRESS_DEFAULTS.idleMs,
    });
  }

  /** Open connections, and the origins they lead to. */
  get connections(): { readonly origins: number; readonly sockets: number } {
    return { origins: this.pools.origins, sockets: this.pools.sockets };
  }

  /** Sends a request. Never rejects for what a receiver, its name or its certificate does. */
  async send(request: EgressRequest): Promise<AttemptResult> {
    const first = await this.attempt(request, request.timeoutMs, false);
    const leftMs = request.timeoutMs - first.timings.totalMs;
    if (!wasClosedWhileIdle(first) || leftMs < 1) return first;
    // The receiver closed a kept connection at the moment of its use, which says nothing about the receiver.
    return this.attempt(request, leftMs, true);
  }

  /** Ends all connections; requests under way fail. */
  async close(): Promise<void> {
    this.closed = true;
    await this.pools.close();
  }

  private async attempt(
    request: EgressRequest,
    timeoutMs: number,
    fresh: boolean,
  ): Promise<AttemptResult> {
    if (this.closed || request.signal?.aborted === true) return NOT_SENT;
    const url = new URL(request.url);
    const taken = this.take(url, request.tls, fresh);
    const limits = { timeoutMs, headersTimeoutMs: this.options.headersTimeoutMs };
    const exchange = new Exchange(limits, taken, () => this.pools.release(taken));
    const abort = (): void => exchange.end('aborted');
    request.signal?.addEventListener('abort', abort, { once: true });
    dispatch(taken, url, request, exchange);
    try {
      return await exchange.result;
    } finally {
      request.signal?.removeEventListener('abort', abort);
    }
  }

  private take({ origin }: URL, tls: TlsIdentity | undefined, fresh: boolean): OriginPool {
    const key = tls === undefined ? origin : `${origin} ${identityOf(tls)}`;
    const connector = (): buildConnector.connector =>
      tls === undefined ? this.connect : guardedConnector(this.guard, this.connectTimeoutMs, tls);
    return this.pools.take({ key, origin, connector, fresh });
  }
}

function dispatch(
  { pool }: OriginPool,
  { pathname, search }: URL,
  { headers, body }: EgressRequest,
  exchange: Exchange,
): void {
  const path = pathname + search;
  try {
    pool.dispatch({ path, method: 'POST', headers, body }, exchange);
  } catch (error) {
    // A header or a path that undici refuses.
    exchange.fail(toError(error));
  }
}

function wasClosedWhileIdle({ error, timings }: AttemptResult): boolean {
  return error?.fault === 'reset' && timings.reused;
}

/** Connections made with one certificate are never used for another endpoint of the same origin. */
function identityOf({ cert, key, passphrase, ca }: TlsIdentity): string {
  const parts = JSON.stringify([cert, key, passphrase, ca]);
  return createHash('sha256').update(parts).digest('base64');
}
