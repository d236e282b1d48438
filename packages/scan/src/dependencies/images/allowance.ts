/** Bytes that records of a database may have together: as many as it has itself. What points twice at the same pages asks for more. */
export class Allowance {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** @throws Error in words where nothing is left */
  take(bytes: number): void {
    this.#left -= bytes;
    if (!(this.#left >= 0)) throw new Error('records that are larger than it is');
  }
}
