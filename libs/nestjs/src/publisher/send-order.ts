/** A validation that takes longer is one that hangs, and loses its turn: the sends behind it go on. */
const HOLD_MS = 1_000;

/**
 * Keeps the sends of each path in their order although some wait for their validation first. Where nothing waits,
 * nothing is held up.
 */
export class SendOrder {
  private readonly last = new Map<string, Promise<unknown>>();

  /**
   * @param check what this send waits for by itself; if it fails, so does this send, and none after it
   * @returns what `send` returns, called when everything sent to the path before has been
   */
  inTurn<T>(path: string, check: Promise<void> | undefined, send: () => Promise<T>): Promise<T> {
    const before = this.last.get(path);
    if (before === undefined && check === undefined) return send();
    // `send` puts the message on its way before it returns; nobody behind it waits for the answer.
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

/** Resolves when the send before has left, or is not worth waiting for any longer. */
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
