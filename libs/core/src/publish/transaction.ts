import { ClosedError, ConfigError } from '../errors.js';
import type { PublishOptions } from './options.js';
import type { EncodedSend } from './send.js';

/** Collects sends that are published all or nothing when the callback has returned. */
export interface Transaction {
  /**
   * Adds a send. Nothing is published before the callback of `transaction` has returned, and nothing at all if it throws.
   *
   * @throws {MessageError | ConfigError} at once, if the payload or an option is not acceptable
   */
  send(path: string, data: unknown, options?: PublishOptions): void;
}

export class CollectedTransaction implements Transaction {
  readonly sends: EncodedSend[] = [];
  private open = true;

  constructor(
    private readonly encode: (path: string, data: unknown, options?: PublishOptions) => EncodedSend,
  ) {}

  /** Whether its callback has not returned yet. */
  get isOpen(): boolean {
    return this.open;
  }

  send(path: string, data: unknown, options?: PublishOptions): void {
    if (!this.open) throw new ClosedError('The transaction');
    if (options?.durability !== undefined) {
      const allowed = 'only as an option of the transaction as a whole';
      throw ConfigError.option('durability', options.durability, allowed);
    }
    this.sends.push(this.encode(path, data, options));
  }

  /** A send after the callback has returned would silently not be part of it. */
  seal(): void {
    this.open = false;
  }
}
