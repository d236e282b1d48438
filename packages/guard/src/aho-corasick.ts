/**
 * Finds which of many literals occur in a text, in one pass and linear time (Aho and Corasick 1975), as a table
 * of transitions over the characters that the literals use.
 */
export class LiteralSet {
  readonly #classOf = new Uint8Array(65_536);
  readonly #classes: number;
  readonly #next: Uint16Array;
  /** The first state that finds something. */
  readonly #finding: number;
  readonly #found: (readonly number[])[];

  /**
   * @param literals each at least one character; position in the list is its number
   * @param exact whether capitals are told from small letters; otherwise the literals are in lower case
   */
  constructor(literals: readonly string[], exact = false) {
    let classes = 1;
    for (const literal of literals) {
      for (let i = 0; i < literal.length; i++) {
        const c = literal.charCodeAt(i);
        if (this.#classOf[c] === 0) {
          if (classes > 255) throw new RangeError('too many distinct characters in the literals');
          this.#classOf[c] = classes++;
        }
      }
    }
    if (!exact) for (let c = 65; c <= 90; c++) this.#classOf[c] = this.#classOf[c + 32]!;
    const trie: number[][] = [new Array(classes).fill(-1)];
    const found: number[][] = [[]];
    literals.forEach((literal, number) => {
      let state = 0;
      for (let i = 0; i < literal.length; i++) {
        const c = this.#classOf[literal.charCodeAt(i)]!;
        if (trie[state]![c] === -1) {
          trie[state]![c] = trie.length;
          trie.push(new Array(classes).fill(-1));
          found.push([]);
        }
        state = trie[state]![c]!;
      }
      found[state]!.push(number);
    });
    const next = link(trie, found, classes);
    if (trie.length > 0xffff) throw new RangeError('too many literals');
    // States that find something come last, so that one comparison tells.
    const order = [...trie.keys()].sort(
      (a, b) => Number(found[a]!.length > 0) - Number(found[b]!.length > 0) || a - b,
    );
    const placeOf = new Uint16Array(trie.length);
    order.forEach((state, place) => {
      placeOf[state] = place;
    });
    this.#next = new Uint16Array(next.length);
    order.forEach((state, place) => {
      for (let c = 0; c < classes; c++)
        this.#next[place * classes + c] = placeOf[next[state * classes + c]!]!;
    });
    this.#classes = classes;
    const silent = order.findIndex((state) => found[state]!.length > 0);
    this.#finding = silent < 0 ? order.length : silent;
    this.#found = order.slice(this.#finding).map((state) => found[state]!);
  }

  /** Every occurrence: number of the literal and where it ends, in turn. */
  positions(text: string): number[] {
    const classOf = this.#classOf;
    const next = this.#next;
    const classes = this.#classes;
    const finding = this.#finding;
    const hits: number[] = [];
    let state = 0;
    for (let i = 0; i < text.length; i++) {
      state = next[state * classes + classOf[text.charCodeAt(i)]!]!;
      if (state < finding) continue;
      for (const number of this.#found[state - finding]!) hits.push(number, i + 1);
    }
    return hits;
  }

  /** The same in the first `length` of a row of characters; to make a text of them first takes three times as long. */
  positionsIn(codes: Uint16Array, length: number): number[] {
    const classOf = this.#classOf;
    const next = this.#next;
    const classes = this.#classes;
    const finding = this.#finding;
    const hits: number[] = [];
    let state = 0;
    for (let i = 0; i < length; i++) {
      state = next[state * classes + classOf[codes[i]!]!]!;
      if (state < finding) continue;
      for (const number of this.#found[state - finding]!) hits.push(number, i + 1);
    }
    return hits;
  }
}

/** Transitions by state and class; what a state finds includes what the states it falls back to find. */
function link(trie: number[][], found: number[][], classes: number): Int32Array {
  const next = new Int32Array(trie.length * classes);
  const fallback = new Int32Array(trie.length);
  const queue: number[] = [];
  for (let c = 0; c < classes; c++) {
    const to = trie[0]![c]!;
    if (to > 0) queue.push(to);
    next[c] = Math.max(to, 0);
  }
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head]!;
    found[state]!.push(...found[fallback[state]!]!);
    for (let c = 0; c < classes; c++) {
      const to = trie[state]![c]!;
      const via = next[fallback[state]! * classes + c]!;
      if (to >= 0) {
        fallback[to] = via;
        queue.push(to);
        next[state * classes + c] = to;
      } else next[state * classes + c] = via;
    }
  }
  return next;
}
