import { keptAt, NONE, placeOfKept, type Tuple, type Value } from './value.ts';

const CHUNK_BITS = 10;
const CHUNK = 1 << CHUNK_BITS;
/** Items of a tuple that is kept this way. */
const ITEMS_MAX = 64;

/**
 * Memoised tuples of nothing but literals, of which a stream may hold millions: their items lie in plain arrays, eight bytes each
 * and eight for how many there are.
 */
export class KeptTuples {
  readonly #chunks: Float64Array[] = [];
  #used = CHUNK;

  /** The tuple as the place where its items are kept; any other as it is. */
  keep(tuple: Tuple): Value {
    const { items, level } = tuple;
    if (items.length === 0 || items.length > ITEMS_MAX || level > 0) return tuple;
    for (const item of items)
      if (typeof item !== 'number' || (item > NONE && placeOfKept(item) < 0)) return tuple;
    if (this.#used + items.length >= CHUNK) {
      this.#chunks.push(new Float64Array(CHUNK));
      this.#used = 0;
    }
    const chunk = this.#chunks[this.#chunks.length - 1]!;
    const place = (this.#chunks.length - 1) * CHUNK + this.#used;
    chunk[this.#used++] = items.length;
    for (const item of items) chunk[this.#used++] = item as number;
    return keptAt(place);
  }

  /** The items of a kept tuple, or `null` for what is none. */
  itemsOf(value: Value): readonly Value[] | null {
    const place = placeOfKept(value);
    if (place < 0) return null;
    const chunk = this.#chunks[Math.floor(place / CHUNK)]!;
    const at = (place % CHUNK) + 1;
    return Array.from(chunk.subarray(at, at + chunk[at - 1]!));
  }
}
