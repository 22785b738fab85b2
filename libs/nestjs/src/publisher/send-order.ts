/** Time after which a validation counts as hanging and loses its turn, in ms: later sends continue. */
const HOLD_MS = 1_000;

/**
 * Keeps the sends of each path in order although some wait for validation first. Where nothing waits, nothing is delayed.
 */
export class SendOrder {
  private readonly last = new Map<string, Promise<unknown>>();

  /**
   * @param check the validation that this send waits for; if it fails, only this send fails
   * @returns the result of `send`, which is called after all earlier sends to the path
   */
  inTurn<T>(path: string, check: Promise<void> | undefined, send: () => Promise<T>): Promise<T> {
    const before = this.last.get(path);
    if (before === undefined && check === undefined) return send();
    // `send` queues the message before it returns; later sends do not wait for its reply.
    let sent: Promise<T> | undefined;
    const held = before === undefined ? undefined : patience(before);
    const turn = Promise.allSettled([held, check]).then(async () => {
      await check;
      sent = send();
      sent.catch(() => undefined);
    });
    const settled = turn
      .catch(() => undefined)
      .then(() => {
        if (this.last.get(path) === settled) this.last.delete(path);
      });
    this.last.set(path, settled);
    return turn.then(() => sent as Promise<T>);
  }
}

/** Resolves when the previous send has been queued, or after `HANGS_MS`. */
function patience(before: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, HOLD_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    before.then(end, end);
  });
}
