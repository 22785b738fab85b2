import { brand, isOfKind } from './error-brand.js';
import { show, toError } from './show.js';

export { show, toError } from './show.js';

/**
 * Base class of all errors that LeanMQ throws or stores. `code` is stable and documented; `retryable` is true when the
 * same call may succeed later without a change by the caller.
 */
export class LeanMQError extends Error {
  static {
    brand(this, 'LeanMQError');
  }

  /** Accepts errors of another copy of the package: an application may load both its ESM and its CommonJS build. */
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

/** An option, a path or a name is invalid. The message names it, the value given and the values allowed. */
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

/** A message cannot be published or read. */
export class MessageError extends LeanMQError {
  static {
    brand(this, 'MessageError');
  }
}

/** A payload is not JSON, holds a value that JSON cannot carry, or fails validation. */
export class InvalidMessageError extends MessageError {
  static {
    brand(this, 'InvalidMessageError');
  }

  /** One entry for each violation; empty when the message says everything. */
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
 * The payload of a delivery fails validation. When a handler throws this error, the message is dead-lettered as `invalid`
 * at once. `InvalidMessageError` does not do that: it means that the handler itself published something invalid.
 */
export class InvalidDeliveryError extends InvalidMessageError {
  static {
    brand(this, 'InvalidDeliveryError');
  }

  constructor(message: string, options: { violations?: readonly string[]; cause?: unknown } = {}) {
    super(message, { ...options, code: 'DELIVERY_INVALID' });
  }
}

/** A payload or its headers are larger, or nested deeper, than `limits` allows. */
export class MessageTooLargeError extends MessageError {
  static {
    brand(this, 'MessageTooLargeError');
  }

  constructor(message: string) {
    super('MESSAGE_TOO_LARGE', message);
  }
}

/** A stream entry is not a LeanMQ message: it has no payload field, is not UTF-8, or is not valid JSON. */
export class UndecodableError extends MessageError {
  static {
    brand(this, 'UndecodableError');
  }

  constructor(message: string, options: { cause?: unknown } = {}) {
    super('MESSAGE_UNDECODABLE', message, options);
  }
}

/** The `messageId` was already used for a different payload within its dedupe window. Nothing was published. */
export class MessageIdConflictError extends MessageError {
  static {
    brand(this, 'MessageIdConflictError');
  }

  constructor(messageId: string, path: string) {
    super(
      'MESSAGE_ID_CONFLICT',
      `Message id ${show(messageId)} was already used on "${path}" for a different payload. Use a new id, or send the same data.`,
    );
  }
}

/** The queue holds as many unfinished messages as its `maxLength` allows. This message was not sent, and no other was dropped. */
export class RouteFullError extends LeanMQError {
  static {
    brand(this, 'RouteFullError');
  }

  constructor(path: string, maxLength: number | undefined) {
    super(
      'ROUTE_FULL',
      `Queue "${path}" already has ${maxLength} unfinished messages, the limit set by its "maxLength"; nothing was sent. Try again when its consumers have caught up.`,
      { retryable: true },
    );
  }
}

/**
 * A transaction has too many sends or too many bytes. Redis runs a transaction in one step and serves nobody else
 * meanwhile, so its size is limited. Nothing was sent.
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
      `The transaction has more than ${limit} ${what} (option "${option}"); nothing was sent. Split it, or use publishMany() for sends that need not be all or nothing.`,
    );
  }
}

/** Redis refused a command or could not be reached. */
export class BrokerError extends LeanMQError {
  static {
    brand(this, 'BrokerError');
  }
}

/**
 * Redis could not be reached in time. `outcome` tells whether a publish took effect: `not-sent` means that it did not;
 * `unknown` means that the message may be stored, and sending it again is safe only with the same `messageId`.
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
 * The caller's `signal` was aborted before Redis replied. `outcome` means the same as in `BrokerUnavailableError`;
 * `cause` is the signal's reason.
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
 * The master stored the message, but fewer replicas than `durability` requires confirmed it in time, so a failover may
 * lose it. Sending it again with the same `messageId` is safe, and resolves once the replicas have it.
 */
export class NotReplicatedError extends BrokerError {
  static {
    brand(this, 'NotReplicatedError');
  }

  readonly outcome = 'unknown';
  /** Number of replicas that `durability` requires. */
  readonly replicas: number;
  /** Number of replicas that had confirmed the message at the last check. */
  readonly confirmed: number;

  constructor(
    asked: { readonly replicas: number; readonly timeoutMs: number },
    confirmed: number,
    { cause }: { readonly cause?: unknown } = {},
  ) {
    const { replicas, timeoutMs } = asked;
    // With a cause, Redis refused WAIT itself; trying again later does not help.
    const why = cause === undefined ? '' : ` (${toError(cause).message})`;
    super(
      'NOT_REPLICATED',
      `The master stored the message, but ${confirmed} of ${replicas} replicas confirmed it within ${timeoutMs} ms${why}; a failover may lose it (option "durability"). Send it again with the same "messageId": that publishes nothing twice, and resolves once the replicas have it.`,
      { retryable: cause === undefined, cause },
    );
    this.replicas = replicas;
    this.confirmed = confirmed;
  }
}

/** As many sends wait for Redis as `maxBuffered` or `maxBufferedBytes` allows. This one was not sent. */
export class BufferFullError extends BrokerError {
  static {
    brand(this, 'BufferFullError');
  }

  readonly outcome = 'not-sent';

  /** @param option the option that sets the limit */
  constructor(limit: number, option: 'maxBuffered' | 'maxBufferedBytes' = 'maxBuffered') {
    const what = option === 'maxBuffered' ? `${limit} sends` : `Sends totalling ${limit} bytes`;
    super(
      'BUFFER_FULL',
      `${what} already wait for Redis (option "${option}"); this one was not sent. Await each send, or use publishMany(), which waits for room. During an outage or a replica lag, try again later.`,
      { retryable: true },
    );
  }
}

/** Redis replied with an error, for example because memory is full or the user lacks a permission. */
export class BrokerRefusedError extends BrokerError {
  static {
    brand(this, 'BrokerRefusedError');
  }

  constructor(message: string, options: { retryable?: boolean; cause?: unknown; code?: string }) {
    super(options.code ?? 'BROKER_REFUSED', message, options);
  }
}

/** A bug in LeanMQ or a library below it surfaced during a call to Redis; Redis itself is not at fault. */
export class InternalError extends LeanMQError {
  static {
    brand(this, 'InternalError');
  }

  constructor(mistake: Error) {
    super(
      'INTERNAL',
      `${mistake.name}: ${mistake.message}. This is a bug in a program, not a fault of Redis; "cause" has its stack.`,
      { cause: mistake },
    );
  }
}

/** The delivery now belongs to another consumer, or its message is gone. The refused call changed nothing. */
export class LeaseLostError extends BrokerError {
  static {
    brand(this, 'LeaseLostError');
  }

  constructor(message = 'The lease of this delivery was lost: another consumer may have it now.') {
    super('LEASE_LOST', message);
  }
}

/** The handler, or a function called before or after it, did not finish within its time limit. */
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

/** Reason of a delivery's `signal` when the consumer shuts down before the handler has finished. */
export class ShutdownError extends LeanMQError {
  static {
    brand(this, 'ShutdownError');
  }

  constructor() {
    super('SHUTDOWN', 'The consumer is shutting down; the delivery is given back unfinished.', {
      retryable: true,
    });
  }
}

/** A queue, a group or a replay does not exist. The message names it and the remedy. */
export class NotFoundError extends LeanMQError {
  static {
    brand(this, 'NotFoundError');
  }

  constructor(message: string) {
    super('NOT_FOUND', message);
  }
}

/** A group cannot be removed while something works for it. The message names that and the remedy. */
export class GroupBusyError extends LeanMQError {
  static {
    brand(this, 'GroupBusyError');
  }

  constructor(message: string) {
    super('GROUP_BUSY', message, { retryable: true });
  }
}

/** A message cannot be removed for one group only, because other groups wait for the same entry. */
export class MessageWaitingError extends MessageError {
  static {
    brand(this, 'MessageWaitingError');
  }

  constructor(messageId: string, path: string) {
    super(
      'MESSAGE_WAITING',
      `Message ${show(messageId)} waits on "${path}" for other groups too, and a group cannot skip one entry of the shared log. Remove it once it has been delivered, remove it for all groups with "allGroups", or drop everything that waits for the group with purge().`,
      { retryable: true },
    );
  }
}

/** The client is closed or closing. */
export class ClosedError extends LeanMQError {
  static {
    brand(this, 'ClosedError');
  }

  constructor(what = 'LeanMQ') {
    super('CLOSED', `${what} is closed.`);
  }
}

/**
 * Dead-letters the message at once, without another attempt, when a handler throws it.
 *
 * @example
 * ```ts
 * if (order === undefined) throw new RejectError('No such order.');
 * ```
 */
export class RejectError extends LeanMQError {
  static {
    brand(this, 'RejectError');
  }

  constructor(message = 'Rejected by the handler.', options: { cause?: unknown } = {}) {
    super('REJECTED', message, options);
  }
}

/**
 * Retries the message after `afterMs` instead of the backoff's delay when a handler throws it. Counts as an attempt
 * unless `free`.
 *
 * @example
 * ```ts
 * throw new RetryError({ afterMs: 60_000 });
 * ```
 */
export class RetryError extends LeanMQError {
  static {
    brand(this, 'RetryError');
  }

  /** Delay before the next attempt, in ms. */
  readonly afterMs: number;
  /** True when the attempt does not count. @default false */
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
