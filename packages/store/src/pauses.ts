/** Lets changes go on side by side, and has them wait while something is to see none of them half done. */
export class Pauses {
  readonly #changes = new Set<Promise<unknown>>();
  #pause: Promise<unknown> | null = null;

  /** Makes a change, once no pause lasts. */
  async change<T>(make: () => Promise<T>): Promise<T> {
    while (this.#pause) await this.#pause;
    const made = make();
    const done = made.then(
      () => {},
      () => {},
    );
    this.#changes.add(done);
    try {
      return await made;
    } finally {
      this.#changes.delete(done);
    }
  }

  /** Does work while no change is under way: those that began before are waited for, others wait until it is done. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    while (this.#pause) await this.#pause;
    const done = Promise.allSettled([...this.#changes]).then(work);
    const pause = done.then(
      () => {},
      () => {},
    );
    this.#pause = pause;
    try {
      return await done;
    } finally {
      this.#pause = null;
    }
  }
}
