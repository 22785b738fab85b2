import type { Connection } from '../../redis/index.js';
import type { ServerSideClient } from './adoption.js';
import type { Subscription } from '../route/subscription.js';

const AGAIN_MS = 2;

interface Waiting {
  readonly on: ReadonlySet<Subscription>;
  isEnding: boolean;
}

/** The read that waits at the server, if there is one, and how it is ended there. No message can get lost that way. */
export class BlockedRead {
  private waiting: Waiting | undefined;

  /** @param command another connection than that which waits */
  constructor(private readonly command: Connection) {}

  /** @param on the routes whose streams it reads */
  async during<T>(on: ReadonlySet<Subscription>, read: () => Promise<T>): Promise<T> {
    this.waiting = { on, isEnding: false };
    try {
      return await read();
    } finally {
      this.waiting = undefined;
    }
  }

  /** Whether it waits, but not for this route. */
  lacks(subscription: Subscription): boolean {
    return this.waiting?.on.has(subscription) === false;
  }

  /** Ends it, so that another one may begin. */
  end(client: ServerSideClient | undefined): void {
    const { waiting, command } = this;
    if (waiting === undefined || client === undefined || !command.ready) return;
    if (waiting.isEnding) return;
    waiting.isEnding = true;
    command.client.client('UNBLOCK', client.id).then(
      (unblocked) => {
        if (unblocked === 0) this.endAgain(waiting, client);
      },
      () => {
        waiting.isEnding = false;
      },
    );
  }

  /** It was still on its way to the server. */
  private endAgain(waiting: Waiting, client: ServerSideClient): void {
    setTimeout(() => {
      if (this.waiting !== waiting) return;
      waiting.isEnding = false;
      this.end(client);
    }, AGAIN_MS).unref();
  }
}
