import { CodedError } from '@sallyport/core';

/** Share of the places that anybody may take; the rest is kept for those who hold less than their part. */
const FREE_SHARE = 0.7;

/**
 * Who may begin a call while a worker is busy. While there is room, anybody; then only callers who hold less than
 * their part of all places, so that one caller's flood is shed and another's single call is not.
 */
export class Admission {
  readonly #held = new Map<string, number>();
  #total = 0;

  /** Calls that hold a place. */
  get total(): number {
    return this.#total;
  }

  /**
   * Takes a place. @param places how many there are
   * @throws CodedError `overloaded`
   */
  enter(principal: string, places: number): void {
    const own = this.#held.get(principal) ?? 0;
    // One part more than there are callers: whoever comes next finds room.
    const callers = this.#held.size + (own === 0 ? 1 : 0);
    const part = Math.max(1, Math.floor(places / (callers + 1)));
    if (this.#total >= places || (this.#total >= Math.floor(places * FREE_SHARE) && own >= part))
      throw new CodedError(
        'overloaded',
        own >= part
          ? `this key holds ${own} of ${places} places of a busy gateway, which is its part of them`
          : `all ${places} places of the gateway are taken`,
      );
    this.#held.set(principal, own + 1);
    this.#total++;
  }

  /** Gives a place back. */
  leave(principal: string): void {
    const own = this.#held.get(principal) ?? 0;
    if (own <= 1) this.#held.delete(principal);
    else this.#held.set(principal, own - 1);
    this.#total--;
  }
}
