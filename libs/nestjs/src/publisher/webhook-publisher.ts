import {
  InvalidMessageError,
  normalizePath,
  toError,
  type CancelOutcome,
  type LeanMQ,
  type PublishManyResult,
  type PublishOptions,
  type PublishResult,
  type Transaction,
  type TransactionOptions,
} from '@leanmq/core';

import { describeViolations, type ClassValidation } from '../validation/index.js';
import { SendOrder } from './send-order.js';
import { WebhookSchedules } from './webhook-schedules.js';

/** One of the messages of `sendMany`. */
export interface SendItem<T = unknown> {
  readonly data: T;
  readonly options?: PublishOptions;
}

/**
 * Sends webhooks. Inject it wherever something happens that other services should know.
 *
 * A payload that is an instance of a class with class-validator decorators is validated first; plain objects are sent as
 * they are.
 */
export class WebhookPublisher {
  /** Recurring sends. */
  readonly schedules: WebhookSchedules;
  private readonly order = new SendOrder();

  constructor(
    private readonly mq: LeanMQ,
    private readonly validation?: ClassValidation,
  ) {
    this.schedules = new WebhookSchedules(mq, (data) => this.check(data));
  }

  /**
   * Sends one message to every group of the path; resolves when Redis has it.
   *
   * @throws {InvalidMessageError} with `violations`, if the payload does not pass its class' validation
   * @throws {MessageError | ConfigError} if the payload or an option is not acceptable
   * @throws {BrokerUnavailableError} if Redis did not answer in time; `outcome` says whether the message may be stored
   */
  async send<T>(path: string, data: T, options?: PublishOptions): Promise<PublishResult> {
    const publish = (): Promise<PublishResult> => this.mq.publish(path, data, options);
    return this.order.inTurn(normalizePath(path), this.check(data), publish);
  }

  /**
   * Sends many messages to one path, each on its own: what became of one says nothing of the others. See `transaction`
   * for all or nothing.
   */
  async sendMany<T>(path: string, items: readonly SendItem<T>[]): Promise<PublishManyResult[]> {
    const fail = (error: unknown): PublishManyResult => ({
      outcome: 'failed',
      error: toError(error),
    });
    return Promise.all(
      items.map(({ data, options }) => this.send(path, data, options).catch(fail)),
    );
  }

  /**
   * Sends everything that the callback sends, or nothing: not if it throws, nor if one of the payloads is not
   * acceptable. Resolves to what became of each send.
   */
  transaction(
    build: (tx: Transaction) => void | Promise<void>,
    options?: TransactionOptions,
  ): Promise<PublishResult[]> {
    return this.mq.transaction(async (tx) => {
      const checks: Promise<void>[] = [];
      const send: Transaction['send'] = (path, data, options) => {
        const check = this.check(data);
        if (check !== undefined) {
          // It is awaited only when the callback has returned, and not at all if that throws.
          check.catch(() => undefined);
          checks.push(check);
        }
        tx.send(path, data, options);
      };
      await build({ send });
      await Promise.all(checks);
    }, options);
  }

  /**
   * Takes a delayed send back, as long as it has not been moved to the log. If its id was the caller's own, the same id
   * may be sent again at once.
   *
   * @param id the one that was sent with, or that `send` resolved to
   * @returns `not-found` when it was moved already, or never there
   */
  cancel(path: string, id: string): Promise<CancelOutcome> {
    return this.mq.cancel(path, id);
  }

  /** Undefined when there is nothing to validate. */
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
