import type { Connection } from '../../redis/index.js';
import type { ServerSideClient } from './adoption.js';
import type { Subscription } from '../route/subscription.js';

const AGAIN_MS = 2;

interface Waiting {
  readonly on: ReadonlySet<Subscription>;
  isEnding: boolean;
}

/** The read that blocks at the server, if any, and the way to end it there without losing a message. */
export class BlockedRead {
  private waiting: Waiting | undefined;

  /** @param command a connection other than the blocked one */
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

  /** Returns true while it blocks, but not for this route. */
  lacks(subscription: Subscription): boolean {
    return this.waiting?.on.has(subscription) === false;
  }

  /** Ends the blocked read, so that another one may start. */
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

  /** Ends it again, because the first attempt came before the read reached the server. */
  private endAgain(waiting: Waiting, client: ServerSideClient): void {
    setTimeout(() => {
      if (this.waiting !== waiting) return;
      waiting.isEnding = false;
      this.end(client);
    }, AGAIN_MS).unref();
  }
}
