import {
  ENGINE_DEFAULTS,
  InvalidMessageError,
  type CancelOutcome,
  type LeanMQ,
  type PublishManyResult,
  type PublishOptions,
  type PublishResult,
  type Transaction,
  type TransactionOptions,
} from '@leanmq/core';
import { normalizePath, toError } from '@leanmq/core/internal';

import { describeViolations, type ClassValidation } from '../validation/index.js';
import { boundedCheck } from './bounded-check.js';
import { SendOrder } from './send-order.js';
import { WebhookSchedules } from './webhook-schedules.js';

/** Message of `sendMany`. */
export interface SendItem<T = unknown> {
  readonly data: T;
  readonly options?: PublishOptions;
}

/**
 * Sends webhooks to other services. Inject it wherever something happens that they should know.
 *
 * A payload that is an instance of a class with class-validator decorators is validated first; plain objects are sent
 * unchecked.
 */
export class WebhookPublisher {
  /** Recurring sends. */
  readonly schedules: WebhookSchedules;
  private readonly order = new SendOrder();

  constructor(
    private readonly mq: LeanMQ,
    private readonly validation?: ClassValidation,
    private readonly publishTimeoutMs: number = ENGINE_DEFAULTS.publishTimeoutMs,
  ) {
    this.schedules = new WebhookSchedules(mq, (data) => {
      const check = this.check(data);
      return check && boundedCheck(check, undefined, this.publishTimeoutMs);
    });
  }

  /**
   * Sends one message to every group of the path; resolves when Redis has it.
   *
   * @throws {InvalidMessageError} with `violations`, if the payload fails the validation of its class
   * @throws {MessageError | ConfigError} if the payload or an option is invalid
   * @throws {BrokerUnavailableError} if Redis did not answer in time; `outcome` says whether the message may be stored
   */
  async send<T>(path: string, data: T, options?: PublishOptions): Promise<PublishResult> {
    const startedAt = performance.now();
    const check = this.check(data);
    if (check === undefined) {
      return this.order.inTurn(normalizePath(path), undefined, () =>
        this.mq.publish(path, data, options),
      );
    }
    const bounded = boundedCheck(check, options, this.publishTimeoutMs);
    return this.order.inTurn(normalizePath(path), bounded, () =>
      this.mq.publish(path, data, withTimeLeft(options, startedAt)),
    );
  }

  /**
   * Sends many messages to one path independently: each has its own result. Use `transaction` for all or nothing.
   */
  async sendMany<T>(path: string, items: readonly SendItem<T>[]): Promise<PublishManyResult[]> {
    const fail = (error: unknown): PublishManyResult => ({
      outcome: 'failed',
      error: toError(error),
    });
    const isList = Array.isArray(items) && items.every((item: unknown) => Object(item) === item);
    // Without validation the whole list waits for room; the core refuses a value that is not a list.
    if (!isList || items.every(({ data }) => !this.isChecked(data))) {
      return this.order.inTurn(normalizePath(path), undefined, () =>
        this.mq.publishMany(path, items),
      );
    }
    return Promise.all(
      (items as readonly SendItem<T>[]).map(({ data, options }) =>
        this.send(path, data, options).catch(fail),
      ),
    );
  }

  /**
   * Sends everything that the callback sends, or nothing if it throws or if any payload is invalid. Resolves to the result of
   * each send.
   */
  transaction(
    build: (tx: Transaction) => void | Promise<void>,
    options?: TransactionOptions,
  ): Promise<PublishResult[]> {
    // The core refuses a value that is not a function.
    if (typeof build !== 'function') return this.mq.transaction(build, options);
    return this.mq.transaction(async (tx) => {
      const checks: Promise<void>[] = [];
      const send: Transaction['send'] = (path, data, options) => {
        const check = this.check(data);
        if (check !== undefined) {
          // Awaited after the callback has returned, and never if the callback throws.
          check.catch(() => undefined);
          checks.push(check);
        }
        tx.send(path, data, options);
      };
      await build({ send });
      if (checks.length === 0) return;
      const all = Promise.all(checks).then(() => undefined);
      await boundedCheck(all, options, this.publishTimeoutMs);
    }, options);
  }

  /**
   * Cancels a delayed send that is not yet on the log. If the id was the caller's, it may be sent again at once.
   *
   * @param id the caller's `messageId`, or the id that `send` resolved to
   * @returns `not-found` if the send is on the log already, or never existed
   */
  cancel(path: string, id: string): Promise<CancelOutcome> {
    return this.mq.cancel(path, id);
  }

  private isChecked(data: unknown): boolean {
    const { validation } = this;
    if (validation === undefined || typeof data !== 'object' || data === null) return false;
    const type = (data as { constructor?: unknown }).constructor;
    return validation.covers(type) && data instanceof type;
  }

  /** Returns undefined if there is nothing to validate. */
  private check(data: unknown): Promise<void> | undefined {
    const { validation } = this;
    if (validation === undefined || typeof data !== 'object' || data === null) return undefined;
    const type = (data as { constructor?: unknown }).constructor;
    if (!validation.covers(type) || !(data instanceof type)) return undefined;
    return validation.violationsOf(data).then((violations) => {
      if (violations.length === 0) return;
      throw new InvalidMessageError(describeViolations(type.name, violations), { violations });
    });
  }
}

/** Returns the options of a send, less the time that its validation took. */
function withTimeLeft(
  options: PublishOptions | undefined,
  startedAt: number,
): PublishOptions | undefined {
  if (options?.timeoutMs === undefined) return options;
  const leftMs = Math.floor(options.timeoutMs - (performance.now() - startedAt));
  return { ...options, timeoutMs: Math.max(1, leftMs) };
}
