import type { Thing, Value } from './value.ts';

const CHUNK_BITS = 14;
const CHUNK = 1 << CHUNK_BITS;
/** Places that may be left out before one counts as far. */
const GAP_MAX = 65_536;
const THING = Number.POSITIVE_INFINITY;

/**
 * The memo of a run. Streams fill millions of places with values of no interest, so those lie in plain arrays of numbers, eight
 * bytes each; what matters, and what lies far beyond the rest, is kept by its place.
 */
export class Memo {
  readonly #chunks: Float64Array[] = [];
  readonly #things = new Map<number, Thing>();
  readonly #far = new Map<number, Value>();
  /** Places that are filled. */
  count = 0;

  set(index: number, value: Value): void {
    // Places beyond two thousand million are far in any case.
    const chunk = index > 0x7fff_ffff ? 0x7fff_ffff : index >>> CHUNK_BITS;
    if (chunk >= this.#chunks.length) {
      if (index > this.#chunks.length * CHUNK + GAP_MAX) {
        if (!this.#far.has(index)) this.count++;
        this.#far.set(index, value);
        return;
      }
      while (this.#chunks.length <= chunk) this.#chunks.push(new Float64Array(CHUNK).fill(Number.NaN));
    }
    const places = this.#chunks[chunk]!;
    const at = index & (CHUNK - 1);
    const before = places[at]!;
    if (Number.isNaN(before) && (this.#far.size === 0 || !this.#far.delete(index))) this.count++;
    if (typeof value === 'number') places[at] = value;
    else {
      places[at] = THING;
      this.#things.set(index, value);
    }
  }

  get(index: number): Value | undefined {
    const places = index > 0x7fff_ffff ? undefined : this.#chunks[index >>> CHUNK_BITS];
    const value = places?.[index & (CHUNK - 1)];
    if (value === undefined || Number.isNaN(value)) return this.#far.get(index);
    return value === THING ? this.#things.get(index) : value;
  }
}
