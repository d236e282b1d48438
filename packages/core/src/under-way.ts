/**
 * Questions that are asked of what lies outside, each once at a time: who asks the same meanwhile waits for the same answer, so
 * that asking often asks no one else often.
 */
export class UnderWay<T> {
  readonly #answers = new Map<string, Promise<T>>();

  /** @param key what is asked, all of it @param ask asks it, where no one does at the moment */
  of(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(key);
    if (known) return known;
    const answer = ask().finally(() => this.#answers.delete(key));
    this.#answers.set(key, answer);
    return answer;
  }
}
