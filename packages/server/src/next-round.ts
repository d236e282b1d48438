import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';

/**
 * Work that looks at everything there is. Who asks waits for a round that begins from then on, and shares it with everyone
 * else who asks before it does: what was changed before is in it, and asking often costs no more than one round after the other.
 * It runs outside the context of any caller.
 */
export class NextRound<T> {
  readonly #work: () => Promise<T>;
  readonly #apart = AsyncLocalStorage.snapshot();
  #last: Promise<unknown> = Promise.resolve();
  /** Waits to begin. */
  #next: Promise<T> | null = null;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  /** Does the work, or waits for those who asked for it and were not answered yet. */
  do(): Promise<T> {
    if (this.#next) return this.#next;
    const round = this.#last
      .catch(() => {})
      // Who has asked by now and was not read yet takes part.
      .then(() => turn())
      .then(() => {
        this.#next = null;
        return this.#apart(this.#work);
      });
    this.#next = round;
    this.#last = round;
    return round;
  }
}
