import type { Source } from '../../message/index.js';
import type { Subscription } from './subscription.js';

export const BOTH_SOURCES: readonly Source[] = Object.freeze(['inbox', 'log'] as const);

/** Route and source of a stream's entries. */
export interface Origin {
  readonly subscription: Subscription;
  readonly source: Source;
}

/** Streams of one read request. Reused for many reads: with a hundred streams, building the request costs most. */
export class Streams {
  readonly subscriptions: ReadonlySet<Subscription>;
  /** Arguments of XREADGROUP that name the streams. */
  readonly request: ['STREAMS', ...string[]];
  private readonly origins = new Map<string, Origin>();

  /** @param sources the streams of each route to read */
  constructor(
    private readonly list: readonly Subscription[],
    sources: readonly Source[] = BOTH_SOURCES,
  ) {
    this.subscriptions = new Set(list);
    for (const subscription of list) {
      for (const source of sources) {
        this.origins.set(subscription.streamOf(source), { subscription, source });
      }
    }
    const names = [...this.origins.keys()];
    this.request = ['STREAMS', ...names, ...names.map(() => '>')];
  }

  /** Returns true when these streams belong to exactly the given routes. */
  areOf(subscriptions: readonly Subscription[]): boolean {
    const { list } = this;
    return (
      list.length === subscriptions.length &&
      list.every((each, index) => each === subscriptions[index])
    );
  }

  originOf(stream: string): Origin {
    return this.origins.get(stream) as Origin;
  }
}
