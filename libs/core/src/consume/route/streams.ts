import type { Source } from '../../message/index.js';
import type { Subscription } from './subscription.js';

export const BOTH_SOURCES: readonly Source[] = Object.freeze(['inbox', 'log'] as const);

/** Where the entries of a stream belong. */
export interface Origin {
  readonly subscription: Subscription;
  readonly source: Source;
}

/** The streams that one read asks for. Made once for many reads: with a hundred streams that is what a read costs most. */
export class Streams {
  readonly subscriptions: ReadonlySet<Subscription>;
  /** What XREADGROUP is told of them. */
  readonly request: ['STREAMS', ...string[]];
  private readonly origins = new Map<string, Origin>();

  /** @param sources which of each route's streams */
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

  /** Whether these are the streams of just these routes. */
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
