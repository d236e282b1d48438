/** Signals to stop after which the process ends without waiting for what still runs. */
const INSISTING = 6;

/**
 * Waits for the first signal to stop. Call it before the command prints that it is ready: what starts it may stop it as soon as it
 * reads that.
 * @param stop gets what ends the wait, for reasons other than a signal
 */
export function untilStopped(stop: (done: () => void) => void = () => {}): Promise<void> {
  return new Promise((done) => {
    let asked = 0;
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        // A parent may pass on what the terminal has sent already, so the second does not insist yet.
        if (++asked > INSISTING) process.exit(3);
        done();
      });
    stop(done);
  });
}
