import { ConfigError, toError } from '@leanmq/core';

/** A message of a batch: what the method's parameters get of it, or what became of it before. */
export type Item =
  | { readonly args: readonly unknown[]; readonly outcome?: undefined }
  | { readonly args?: undefined; readonly outcome: unknown };

/** What becomes of each message of a batch. An outcome is what it failed with, undefined if it did not. */
export class Batch {
  private items: readonly Item[] | undefined;
  private handled: readonly unknown[] | undefined;
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly size: number,
    private readonly where: string,
  ) {}

  /**
   * Begins with what has been through its pipes and validation; again, if an interceptor calls the handler again.
   *
   * @param items in the order of the deliveries
   * @returns whether there is something for the method to do
   */
  begin(items: readonly Item[]): boolean {
    this.items = items;
    this.handled = undefined;
    return this.passed.length > 0;
  }

  /** For each parameter of the method, what it gets of each message. */
  lists(): unknown[][] {
    const { passed } = this;
    const [first = []] = passed;
    return first.map((_, parameter) => passed.map((args) => args[parameter]));
  }

  /**
   * Takes what the method returned. What an interceptor makes of that means nothing, as for a single message.
   *
   * @throws {ConfigError} if it is a list that does not fit
   */
  take(result: unknown): void {
    if (!Array.isArray(result)) return;
    const { length } = this.passed;
    if (result.length !== length) {
      throw new ConfigError(
        `${this.where} returned ${result.length} outcomes for ${length} messages; return one for each of those it got, or nothing.`,
        { code: 'BATCH_OUTCOMES' },
      );
    }
    this.handled = result;
  }

  /** All failed with this that have not failed by themselves. */
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
