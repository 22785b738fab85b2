import { ClosedError, TransactionTooLargeError } from '../errors.js';
import type { PublishOptions, PublisherOptions } from './options.js';
import { bytesOf, type EncodedSend } from './send.js';
import { checkTransactionSend } from './send-options.js';

/** Collects sends that are published all or nothing when the callback has returned. */
export interface Transaction {
  /**
   * Adds a send. Nothing is published before the callback of `transaction` has returned, and nothing at all if it throws.
   *
   * @throws {MessageError | ConfigError} at once, if the payload or an option is not acceptable
   * @throws {TransactionTooLargeError} for a send beyond `maxTransactionSends` or `maxTransactionBytes`
   */
  send(path: string, data: unknown, options?: PublishOptions): void;
}

/** What a transaction may hold. */
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

  /** Whether its callback has not returned yet. */
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

  /** A send after the callback has returned would silently not be part of it. */
  seal(): void {
    this.open = false;
  }

  /** @throws {TransactionTooLargeError} if it was too large, also when the callback has caught that */
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
