import { AsyncLocalStorage } from 'node:async_hooks';

import { ConfigError } from '../errors.js';
import { onAbort } from './signals.js';
import type { CollectedTransaction, Transaction } from './transaction.js';
import { aborted } from './unanswered.js';

/** Runs the callbacks of transactions, and notices sends that start inside a callback without being part of its transaction. */
export class OpenTransactions {
  private readonly context = new AsyncLocalStorage<CollectedTransaction>();
  /** Transaction whose callback is on the call stack. */
  private called: CollectedTransaction | undefined;
  private open = 0;
  private told = false;

  /** @param onStray called once, when a send or a transaction starts inside a callback but outside its transaction */
  constructor(private readonly onStray: () => void) {}

  /** True while any callback runs. Checked for each send, before the costlier `noteStray`. */
  get isAnyOpen(): boolean {
    return this.open > 0;
  }

  /**
   * Refuses a transaction that a callback starts itself. A call that only shares the callback's async context may belong
   * to another request, resumed by a queue, a mutex or a batching loader; such a call is reported, not refused.
   *
   * @throws {ConfigError} if the callback of a transaction calls this synchronously
   */
  refuseNested(): void {
    if (this.called === undefined) return this.noteStray();
    throw new ConfigError(
      'A transaction cannot start inside another one; send on the outer one (tx.send).',
      { code: 'TRANSACTION_NESTED' },
    );
  }

  /** Reports a send outside any transaction if it was made inside a callback. */
  noteStray(): void {
    if (this.told || this.open === 0) return;
    const isInside = this.called !== undefined || this.context.getStore()?.isOpen === true;
    if (!isInside) return;
    this.told = true;
    this.onStray();
  }

  /**
   * Resolves when the callback has ended and the transaction takes no more sends.
   *
   * @throws the error of the callback
   * @throws {AbortedError} if the signal is aborted first
   * @throws {TransactionTooLargeError} if the transaction is too large, even if the callback caught that error
   */
  async collect(
    transaction: CollectedTransaction,
    build: (tx: Transaction) => void | Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    this.refuseNested();
    this.open += 1;
    try {
      const ended = this.call(transaction, build);
      await (signal === undefined ? ended : unlessAborted(ended, signal));
    } finally {
      this.open -= 1;
      transaction.seal();
    }
    transaction.assertWhole();
  }

  private call(
    transaction: CollectedTransaction,
    build: (tx: Transaction) => void | Promise<void>,
  ): void | Promise<void> {
    this.called = transaction;
    try {
      return this.context.run(transaction, () => build(transaction));
    } finally {
      this.called = undefined;
    }
  }
}

async function unlessAborted(ended: void | Promise<void>, signal: AbortSignal): Promise<void> {
  let ignore = (): void => undefined;
  const abort = new Promise<never>((_, reject) => {
    const stop = (): void => reject(aborted('not-sent', signal.reason));
    if (signal.aborted) stop();
    else ignore = onAbort(signal, stop);
  });
  try {
    await Promise.race([ended, abort]);
  } finally {
    ignore();
  }
}
