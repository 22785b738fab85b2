import type { InFlight } from '../../message/index.js';
import type { Dispatcher } from '../starting/dispatcher.js';
import type { Readers } from '../reading/readers.js';
import type { Subscription } from '../route/subscription.js';

/** Runs suspects with nothing else in flight: the consumer stops reading and starting, and resumes afterwards. */
export class Isolation {
  constructor(
    private readonly subscriptions: ReadonlySet<Subscription>,
    private readonly dispatcher: Dispatcher,
    private readonly readers: Readers,
    private readonly run: (delivery: InFlight<Subscription>) => void,
  ) {}

  /** Stops reading and starting; resolves to true when all handlers ended within `timeoutMs`. */
  async enter(timeoutMs: number): Promise<boolean> {
    this.dispatcher.hold();
    this.readers.pause();
    const isQuiet = (): boolean =>
      [...this.subscriptions].every(({ runningCount }) => runningCount === 0);
    return this.dispatcher.conditions.until(
      () => this.dispatcher.isStopping || isQuiet(),
      timeoutMs,
    );
  }

  /** Runs the suspects, and nothing else, for up to `forMs`; resolves to true when all of them were settled in time. */
  async runApart(suspects: readonly InFlight<Subscription>[], forMs: number): Promise<boolean> {
    const { dispatcher } = this;
    if (dispatcher.isStopping) {
      for (const suspect of suspects) dispatcher.giveBack(suspect);
      return false;
    }
    const { run } = this;
    for (const suspect of suspects) {
      suspect.route.begin(suspect);
      run(suspect);
    }
    const areOver = (): boolean => suspects.every(({ isOver }) => isOver);
    // A handler that takes long, or never ends, keeps only its slot.
    await dispatcher.conditions.until(() => dispatcher.isStopping || areOver(), forMs);
    return areOver();
  }

  leave(): void {
    if (this.dispatcher.isStopping) return;
    this.readers.resume();
    this.dispatcher.goOn();
  }
}
