const GRACE_MS = 10_000;

/**
 * Turns a run that never ends, because a test left a timer or a socket open, into one that fails.
 * (Jest's own forceExit would hide the leak instead.)
 */
export default class EndReporter {
  onRunComplete() {
    setTimeout(() => {
      process.stderr.write(`Still running ${GRACE_MS} ms after the last test: something leaked.\n`);
      process.exit(1);
    }, GRACE_MS).unref();
  }
}
