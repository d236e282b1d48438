/** Characters of a shingle. */
const SHINGLE = 8;
/** Share of the smaller text's shingles that must occur in the other. */
const CONTAINMENT = 0.5;

function shingles(text: string): Set<number> {
  const plain = text.toLowerCase().replaceAll(/\s+/g, ' ').slice(0, 4_000);
  const out = new Set<number>();
  for (let i = 0; i + SHINGLE <= plain.length || i === 0; i++) {
    let hash = 0x811c9dc5;
    for (const c of plain.slice(i, i + SHINGLE)) hash = Math.imul(hash ^ c.codePointAt(0)!, 0x01000193);
    out.add(hash >>> 0);
  }
  return out;
}

/** Finds texts that say almost the same as one of a collection. */
export class NearDuplicates {
  readonly #sizes: number[] = [];
  readonly #where = new Map<number, number[]>();

  add(text: string): void {
    const set = shingles(text);
    const number = this.#sizes.push(set.size) - 1;
    for (const shingle of set) {
      const list = this.#where.get(shingle);
      if (list) list.push(number);
      else this.#where.set(shingle, [number]);
    }
  }

  /** Whether half of the smaller text is in the other, for any text of the collection. */
  has(text: string): boolean {
    const set = shingles(text);
    const shared = new Map<number, number>();
    for (const shingle of set) {
      for (const number of this.#where.get(shingle) ?? []) {
        const n = (shared.get(number) ?? 0) + 1;
        if (n >= CONTAINMENT * Math.min(set.size, this.#sizes[number]!)) return true;
        shared.set(number, n);
      }
    }
    return false;
  }
}
