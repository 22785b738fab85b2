import { ConfigError } from '@leanmq/core';
import { toError } from '@leanmq/core/internal';

/** Message of a batch: its arguments for the method, or the outcome that it has already. */
export type Item =
  | { readonly args: readonly unknown[]; readonly outcome?: undefined }
  | { readonly args?: undefined; readonly outcome: unknown };

/** Outcomes of the messages of a batch: an error, or undefined for success. */
export class Batch {
  private items: readonly Item[] | undefined;
  private handled: readonly unknown[] | undefined;
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly size: number,
    private readonly where: string,
  ) {}

  /**
   * Takes the messages after pipes and validation; called again if an interceptor calls the handler again.
   *
   * @param items in the order of the deliveries
   * @returns true if the method has messages to handle
   */
  begin(items: readonly Item[]): boolean {
    this.items = items;
    this.handled = undefined;
    return this.passed.length > 0;
  }

  /** Returns the list of each parameter, with one value per message. */
  lists(): unknown[][] {
    const { passed } = this;
    const [first = []] = passed;
    return first.map((_, parameter) => passed.map((args) => args[parameter]));
  }

  /**
   * Takes the method's result. An interceptor cannot change it, as for a single message.
   *
   * @throws {ConfigError} for a list of the wrong length
   */
  take(result: unknown): void {
    if (!Array.isArray(result)) return;
    const { length } = this.passed;
    if (result.length !== length) {
      throw new ConfigError(
        `${this.where} returned ${result.length} outcomes for ${length} messages; return one for each message that the method received, or nothing.`,
        { code: 'BATCH_OUTCOMES' },
      );
    }
    this.handled = result;
  }

  /** Fails all messages that have no error yet. */
  fail(error: unknown): void {
    this.failure = { error: error ?? toError(error) };
  }

  outcomes(): unknown[] {
    const { items = Array.from({ length: this.size }, (): Item => ({ args: [] })) } = this;
    let next = 0;
    return items.map(({ args, outcome }) => {
      if (args === undefined) return outcome;
      const own = this.handled?.[next];
      next += 1;
      return own === undefined ? this.failure?.error : own;
    });
  }

  private get passed(): (readonly unknown[])[] {
    return (this.items ?? []).flatMap(({ args }) => (args === undefined ? [] : [args]));
  }
}
