/** Work that is done one piece after the other, in the order in which it is asked for. A piece that fails holds up none behind it. */
export class InTurn {
  #last: Promise<unknown> = Promise.resolve();

  /** Does a piece of work once all that was asked for before is over. */
  do<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Resolves once all that was asked for so far is over. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
