import { brand, isOfKind } from './error-brand.js';
import { show, toError } from './show.js';

export { show, toError } from './show.js';

/**
 * Every error that LeanMQ throws or stores. `code` is stable and documented; `retryable` says whether the same
 * call may succeed later without a change by the caller.
 */
export class LeanMQError extends Error {
  static {
    brand(this, 'LeanMQError');
  }

  /** Errors of another copy of the package count: an application may load its ESM and its CommonJS build. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfKind(this, value);
  }

  readonly code: string;
  readonly retryable: boolean;

  constructor(
    code: string,
    message: string,
    options: { retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** An option, a path or a name is not acceptable. The message names it, what was given and what is allowed. */
export class ConfigError extends LeanMQError {
  static {
    brand(this, 'ConfigError');
  }

  constructor(message: string, options: { code?: string; cause?: unknown } = {}) {
    super(options.code ?? 'CONFIG_INVALID', message, options);
  }

  static option(name: string, given: unknown, allowed: string): ConfigError {
    return new ConfigError(`Option "${name}" is ${show(given)}; allowed: ${allowed}.`);
  }
}

/** A message cannot be published or read as it is. */
export class MessageError extends LeanMQError {
  static {
    brand(this, 'MessageError');
  }
}

/** A payload is not JSON, or holds what JSON cannot carry, or does not pass validation. */
export class InvalidMessageError extends MessageError {
  static {
    brand(this, 'InvalidMessageError');
  }

  /** What is wrong, one entry for each violation; empty when the message says it all. */
  readonly violations: readonly string[];

  constructor(
    message: string,
    options: { violations?: readonly string[]; cause?: unknown; code?: string } = {},
  ) {
    super(options.code ?? 'MESSAGE_INVALID', message, options);
    this.violations = options.violations ?? [];
  }
}

/**
 * The payload of a delivery does not pass validation: thrown while it is delivered, it dead-letters the message as
 * `invalid` at once. A type of its own, because a handler that publishes something invalid itself fails in another way.
 */
export class InvalidDeliveryError extends InvalidMessageError {
  static {
    brand(this, 'InvalidDeliveryError');
  }

  constructor(message: string, options: { violations?: readonly string[]; cause?: unknown } = {}) {
    super(message, { ...options, code: 'DELIVERY_INVALID' });
  }
}

/** A payload or its headers are larger or nested deeper than `limits` allows. */
export class MessageTooLargeError extends MessageError {
  static {
    brand(this, 'MessageTooLargeError');
  }

  constructor(message: string) {
    super('MESSAGE_TOO_LARGE', message);
  }
}

/** A stream entry is not one of ours: no payload field, bytes that are not UTF-8, or JSON that does not parse. */
export class UndecodableError extends MessageError {
  static {
    brand(this, 'UndecodableError');
  }

  constructor(message: string, options: { cause?: unknown } = {}) {
    super('MESSAGE_UNDECODABLE', message, options);
  }
}

/** The same `messageId` was used for a different payload within its dedupe window. Nothing was published. */
export class MessageIdConflictError extends MessageError {
  static {
    brand(this, 'MessageIdConflictError');
  }

  constructor(messageId: string, path: string) {
    super(
      'MESSAGE_ID_CONFLICT',
      `Message id ${show(messageId)} was already used on "${path}" for a different payload; use a new id, or send the same data.`,
    );
  }
}

/** The route has as many unfinished messages as its `maxLength` allows. This one was not sent, and none was dropped. */
export class RouteFullError extends LeanMQError {
  static {
    brand(this, 'RouteFullError');
  }

  constructor(path: string, maxLength: number | undefined) {
    super(
      'ROUTE_FULL',
      `Route "${path}" has ${maxLength} unfinished messages, as many as its "maxLength" allows; nothing was sent. Try again when its consumers have caught up.`,
      { retryable: true },
    );
  }
}

/**
 * A transaction has more sends, or larger ones, than it may have: a transaction is one step of Redis, which holds up
 * everybody else meanwhile. Nothing of it was sent.
 */
export class TransactionTooLargeError extends MessageError {
  static {
    brand(this, 'TransactionTooLargeError');
  }

  readonly outcome = 'not-sent';

  /** @param option the option that sets the limit */
  constructor(option: string, limit: number, what: 'sends' | 'bytes') {
    super(
      'TRANSACTION_TOO_LARGE',
      `The transaction has more than ${limit} ${what} (option "${option}"); nothing was sent. Divide it, or publish with publishMany() what need not be all or nothing.`,
    );
  }
}

/** Redis refused, or could not be reached. */
export class BrokerError extends LeanMQError {
  static {
    brand(this, 'BrokerError');
  }
}

/**
 * Redis could not be reached in time. `outcome` says what became of a publish: `not-sent` is certain, with `unknown`
 * it may or may not be stored, and sending it again is safe only with the same `messageId`.
 */
export class BrokerUnavailableError extends BrokerError {
  static {
    brand(this, 'BrokerUnavailableError');
  }

  readonly outcome: 'not-sent' | 'unknown';

  constructor(
    message: string,
    outcome: 'not-sent' | 'unknown',
    options: { cause?: unknown; code?: string } = {},
  ) {
    super(options.code ?? 'BROKER_UNAVAILABLE', message, { ...options, retryable: true });
    this.outcome = outcome;
  }
}

/**
 * The caller's `signal` was aborted before Redis had answered. `outcome` says what became of the call, as of a
 * `BrokerUnavailableError`; `cause` is the signal's reason.
 */
export class AbortedError extends BrokerUnavailableError {
  static {
    brand(this, 'AbortedError');
  }

  constructor(message: string, outcome: 'not-sent' | 'unknown', options: { cause?: unknown } = {}) {
    super(message, outcome, { ...options, code: 'ABORTED' });
  }
}

/**
 * The master has the message, but not as many replicas as `durability` asks for confirmed it in time: it is not known
 * whether it would survive a failover. Sending it again is safe with the same `messageId`, and resolves when they have it.
 */
export class NotReplicatedError extends BrokerError {
  static {
    brand(this, 'NotReplicatedError');
  }

  readonly outcome = 'unknown';
  /** How many replicas were asked for. */
  readonly replicas: number;
  /** How many had confirmed it when last asked. */
  readonly confirmed: number;

  constructor(
    asked: { readonly replicas: number; readonly timeoutMs: number },
    confirmed: number,
    { cause }: { readonly cause?: unknown } = {},
  ) {
    const { replicas, timeoutMs } = asked;
    // Redis refused WAIT itself; then time does not cure it.
    const why = cause === undefined ? '' : ` (${toError(cause).message})`;
    super(
      'NOT_REPLICATED',
      `Stored on the master, but ${confirmed} of ${replicas} replicas confirmed it within ${timeoutMs} ms${why}; it is not known whether it survives a failover (option "durability"). Send it again with the same "messageId": that publishes nothing twice, and resolves when the replicas have it.`,
      { retryable: cause === undefined, cause },
    );
    this.replicas = replicas;
    this.confirmed = confirmed;
  }
}

/** More sends wait for an answer than `maxBuffered` or `maxBufferedBytes` allows. This one was not sent. */
export class BufferFullError extends BrokerError {
  static {
    brand(this, 'BufferFullError');
  }

  readonly outcome = 'not-sent';

  /** @param option the option that sets the limit */
  constructor(limit: number, option: 'maxBuffered' | 'maxBufferedBytes' = 'maxBuffered') {
    const what = option === 'maxBuffered' ? `${limit} sends` : `Sends of ${limit} bytes`;
    super(
      'BUFFER_FULL',
      `${what} already wait for Redis (option "${option}"); this one was not sent. Await sends, or send a list with publishMany(), which waits for room; otherwise try again when Redis takes them again, or the replicas have caught up.`,
      { retryable: true },
    );
  }
}

/** Redis answered a command with an error of its own, for example because memory is full or the user may not do it. */
export class BrokerRefusedError extends BrokerError {
  static {
    brand(this, 'BrokerRefusedError');
  }

  constructor(message: string, options: { retryable?: boolean; cause?: unknown; code?: string }) {
    super(options.code ?? 'BROKER_REFUSED', message, options);
  }
}

/** A mistake in a program, LeanMQ or what it runs on, was met where Redis was called; it says nothing about Redis. */
export class InternalError extends LeanMQError {
  static {
    brand(this, 'InternalError');
  }

  constructor(mistake: Error) {
    super(
      'INTERNAL',
      `${mistake.name}: ${mistake.message}. This is a mistake in a program, not a fault of Redis; "cause" says where.`,
      { cause: mistake },
    );
  }
}

/** The delivery belongs to another consumer by now, or its message is gone. Whatever was asked changed nothing. */
export class LeaseLostError extends BrokerError {
  static {
    brand(this, 'LeaseLostError');
  }

  constructor(message = 'The lease of this delivery was lost: another consumer may have it now.') {
    super('LEASE_LOST', message);
  }
}

/** The handler ran longer than `handlerTimeoutMs`, or a function that is asked before or after it did not answer. */
export class HandlerTimeoutError extends LeanMQError {
  static {
    brand(this, 'HandlerTimeoutError');
  }

  constructor(timeoutMs: number, what = 'The handler') {
    super('HANDLER_TIMEOUT', `${what} did not finish within ${timeoutMs} ms.`, {
      retryable: true,
    });
  }
}

/** The signal's reason when a delivery is given up because its consumer shuts down. */
export class ShutdownError extends LeanMQError {
  static {
    brand(this, 'ShutdownError');
  }

  constructor() {
    super('SHUTDOWN', 'The consumer is shutting down; the delivery goes back unfinished.', {
      retryable: true,
    });
  }
}

/** What was asked for does not exist: a route, a group, a replay. The message names it and the remedy. */
export class NotFoundError extends LeanMQError {
  static {
    brand(this, 'NotFoundError');
  }

  constructor(message: string) {
    super('NOT_FOUND', message);
  }
}

/** A group cannot be removed, because somebody is at work for it. The message says who, and the remedy. */
export class GroupBusyError extends LeanMQError {
  static {
    brand(this, 'GroupBusyError');
  }

  constructor(message: string) {
    super('GROUP_BUSY', message, { retryable: true });
  }
}

/** A message cannot be removed for one group alone, because others wait for the same entry. */
export class MessageWaitingError extends MessageError {
  static {
    brand(this, 'MessageWaitingError');
  }

  constructor(messageId: string, path: string) {
    super(
      'MESSAGE_WAITING',
      `Message ${show(messageId)} waits on "${path}" for other groups too, and a group cannot skip one entry of the shared log. Remove it when it was delivered, remove it for all groups with "allGroups", or drop all that waits for the group with purge().`,
      { retryable: true },
    );
  }
}

/** The client was closed, or is closing. */
export class ClosedError extends LeanMQError {
  static {
    brand(this, 'ClosedError');
  }

  constructor(what = 'LeanMQ') {
    super('CLOSED', `${what} is closed.`);
  }
}

/** Thrown by a handler: never try this message again, dead-letter it now. */
export class RejectError extends LeanMQError {
  static {
    brand(this, 'RejectError');
  }

  constructor(message = 'Rejected by the handler.', options: { cause?: unknown } = {}) {
    super('REJECTED', message, options);
  }
}

/** Thrown by a handler: try again after `afterMs`, whatever the backoff says. Uses an attempt up unless `free`. */
export class RetryError extends LeanMQError {
  static {
    brand(this, 'RetryError');
  }

  readonly afterMs: number;
  readonly free: boolean;

  constructor(options: { afterMs: number; free?: boolean; message?: string; cause?: unknown }) {
    super('RETRY', options.message ?? `The handler asked for a retry in ${options.afterMs} ms.`, {
      retryable: true,
      cause: options.cause,
    });
    if (!Number.isFinite(options.afterMs) || options.afterMs < 0) {
      throw ConfigError.option('afterMs', options.afterMs, 'a number of milliseconds, 0 or more');
    }
    this.afterMs = options.afterMs;
    this.free = options.free ?? false;
  }
}
