/** Work that stops now and then, so that others may have a turn before it goes on. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Does work that comes in steps in one go. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
