/**
 * Finds which of many literals occur in a text, in one pass and linear time (Aho and Corasick 1975), as a table
 * of transitions over the characters that the literals use.
 */
export class LiteralSet {
  readonly #classOf = new Uint8Array(65_536);
  readonly #classes: number;
  readonly #next: Int32Array;
  readonly #found: (readonly number[])[];

  /** @param literals each at least one character; position in the list is its number */
  constructor(literals: readonly string[]) {
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
    this.#classes = classes;
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
    this.#next = this.#link(trie, found);
    this.#found = found;
  }

  #link(trie: number[][], found: number[][]): Int32Array {
    const classes = this.#classes;
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

  /** Adds the numbers of the literals that occur in `text` to `into`. */
  scan(text: string, into: Set<number>): void {
    const classOf = this.#classOf;
    const next = this.#next;
    const classes = this.#classes;
    let state = 0;
    for (let i = 0; i < text.length; i++) {
      state = next[state * classes + classOf[text.charCodeAt(i)]!]!;
      const found = this.#found[state]!;
      if (found.length > 0) for (const number of found) into.add(number);
    }
  }
}
