import { performance } from 'node:perf_hooks';
import { toError } from '@leanmq/core/internal';
import type { Dispatcher } from 'undici';
import type { AttemptResult } from './attempt.js';
import { ExchangeEnded, verdictOfError, verdictOfStatus } from './classify.js';
import { retryAfterMs } from './retry-after.js';

const EXCERPT_BYTES = 1_024;
/** More of an answer is read only to keep its connection. */
const READ_BYTES = 64 * 1_024;
/** Time limit for reading a body, whose status is already known: a slow body must not hold its slot until the deadline. */
const BODY_MS = 5_000;

export interface ExchangeLimits {
  readonly timeoutMs: number;
  readonly headersTimeoutMs: number | undefined;
}

/**
 * One request and its response, as undici reports it step by step. The result settles by the deadline, even while undici
 * still waits for a connection.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly result: Promise<AttemptResult>;
  private settle!: (result: AttemptResult) => void;
  private controller: Dispatcher.DispatchController | undefined;
  private ended: ExchangeEnded | undefined;
  private readonly beganAt = performance.now();
  private connectedMs: number | undefined;
  private headersMs: number | undefined;
  private status: number | undefined;
  private retryAfterMs: number | undefined;
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  private reused = false;
  private readonly connects: number;
  private deadline: NodeJS.Timeout;
  private headersDeadline: NodeJS.Timeout | undefined;

  /**
   * @param pool counts the connections that were made, also after this request began
   * @param onDone called once, when undici has done with the request
   */
  constructor(
    private readonly limits: ExchangeLimits,
    private readonly pool: { readonly connects: number },
    private readonly onDone: () => void,
  ) {
    this.connects = pool.connects;
    this.result = new Promise((resolve) => (this.settle = resolve));
    this.deadline = setTimeout(() => this.end('timeout'), limits.timeoutMs);
  }

  end(fault: ExchangeEnded['fault']): void {
    if (this.ended !== undefined) return;
    this.ended = new ExchangeEnded(fault);
    this.report(this.ended);
    this.controller?.abort(this.ended);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.ended !== undefined) {
      controller.abort(this.ended);
      return;
    }
    // undici does not say which connection it uses. One that another request made meanwhile makes this false, no more.
    this.reused = this.pool.connects === this.connects;
    this.connectedMs = this.passedMs();
    const { headersTimeoutMs } = this.limits;
    if (headersTimeoutMs === undefined) return;
    this.headersDeadline = setTimeout(() => this.end('headers-timeout'), headersTimeoutMs);
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    // What comes before the answer, such as 103 Early Hints.
    if (status < 200) return;
    clearTimeout(this.headersDeadline);
    this.status = status;
    this.headersMs = this.passedMs();
    if (status >= 300) this.retryAfterMs = retryAfterMs(headers['retry-after'], Date.now());
    if (this.limits.timeoutMs - this.headersMs <= BODY_MS) return;
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.end('timeout'), BODY_MS);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    const room = EXCERPT_BYTES - this.bytes;
    // A copy: the chunk is a part of a larger buffer.
    if (room > 0) this.chunks.push(Buffer.from(chunk.subarray(0, room)));
    this.bytes += chunk.length;
    if (this.bytes > READ_BYTES) this.end('enough');
  }

  onResponseEnd(): void {
    this.report(undefined);
    this.onDone();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.fail(toError(error));
  }

  fail(error: Error): void {
    this.report(error);
    this.onDone();
  }

  private report(error: Error | undefined): void {
    clearTimeout(this.deadline);
    clearTimeout(this.headersDeadline);
    // Once the status is there it decides, whatever becomes of the body.
    const verdict =
      this.status === undefined
        ? verdictOfError(error ?? new Error('no answer'), this.connectedMs !== undefined)
        : verdictOfStatus(this.status);
    this.settle({
      ...verdict,
      status: this.status,
      retryAfterMs: this.retryAfterMs,
      excerpt: Buffer.concat(this.chunks).toString('utf8'),
      timings: {
        connectedMs: this.connectedMs,
        headersMs: this.headersMs,
        totalMs: this.passedMs(),
        reused: this.reused,
      },
    });
  }

  private passedMs(): number {
    return Math.round((performance.now() - this.beganAt) * 1_000) / 1_000;
  }
}
