import { ClosedError, TransactionTooLargeError } from '../errors.js';
import type { PublishOptions, PublisherOptions } from './options.js';
import { bytesOf, type EncodedSend } from './send.js';
import { checkTransactionSend } from './send-options.js';

/** Sends that are published all or nothing after the callback has returned. */
export interface Transaction {
  /**
   * Adds a send. Nothing is published until the callback of `transaction` returns, and nothing at all if it throws.
   *
   * @throws {MessageError | ConfigError} at once, if the payload or an option is invalid
   * @throws {TransactionTooLargeError} if the send exceeds `maxTransactionSends` or `maxTransactionBytes`
   */
  send(path: string, data: unknown, options?: PublishOptions): void;
}

/** Limits of a transaction. */
export type TransactionLimits = Pick<
  PublisherOptions,
  'maxTransactionSends' | 'maxTransactionBytes' | 'maxBuffered'
>;

export class CollectedTransaction implements Transaction {
  readonly sends: EncodedSend[] = [];
  private bytes = 0;
  private open = true;
  private overflow: TransactionTooLargeError | undefined;

  constructor(
    private readonly encode: (path: string, data: unknown, options?: PublishOptions) => EncodedSend,
    private readonly limits: TransactionLimits,
  ) {}

  /** True until the callback returns. */
  get isOpen(): boolean {
    return this.open;
  }

  send(path: string, data: unknown, options?: PublishOptions): void {
    if (!this.open) throw new ClosedError('The transaction');
    if (this.overflow !== undefined) throw this.overflow;
    const send = this.encode(path, data, options);
    if (options !== undefined) checkTransactionSend(options);
    this.bytes += bytesOf(send);
    this.overflow = this.tooLarge();
    if (this.overflow !== undefined) {
      this.sends.length = 0;
      throw this.overflow;
    }
    this.sends.push(send);
  }

  /** Refuses later sends: they would silently not be part of the transaction. */
  seal(): void {
    this.open = false;
  }

  /** @throws {TransactionTooLargeError} if the transaction was too large, even if the callback caught that error */
  assertWhole(): void {
    if (this.overflow !== undefined) throw this.overflow;
  }

  private tooLarge(): TransactionTooLargeError | undefined {
    const { maxTransactionSends, maxTransactionBytes, maxBuffered } = this.limits;
    const count = this.sends.length + 1;
    if (count > maxTransactionSends) {
      return new TransactionTooLargeError('maxTransactionSends', maxTransactionSends, 'sends');
    }
    if (count > maxBuffered)
      return new TransactionTooLargeError('maxBuffered', maxBuffered, 'sends');
    if (this.bytes <= maxTransactionBytes) return undefined;
    return new TransactionTooLargeError('maxTransactionBytes', maxTransactionBytes, 'bytes');
  }
}
