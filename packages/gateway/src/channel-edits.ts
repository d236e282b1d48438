import { applyEdits, type Edit, orderEdits } from './rewrite.ts';

/** What changes in the text of one channel that has not gone out: in order, without overlaps. */
export class ChannelEdits {
  #edits: Edit[] = [];
  /** Edits before this one went out. */
  #first = 0;

  /** Adds edits. Windows overlap, so only the last known ones may meet new ones. */
  add(edits: readonly Edit[]): void {
    if (edits.length === 0) return;
    let first = Number.POSITIVE_INFINITY;
    for (const { start } of edits) first = Math.min(first, start);
    let at = this.#edits.length;
    while (at > this.#first && this.#edits[at - 1]!.end > first) at--;
    for (const edit of orderEdits([...this.#edits.splice(at), ...edits])) this.#edits.push(edit);
  }

  /** The edits that lie within a piece of the text, of those that have not gone out. */
  within(from: number, to: number): Edit[] {
    const found: Edit[] = [];
    for (let i = this.#edits.length - 1; i >= this.#first && this.#edits[i]!.end > from; i--)
      if (this.#edits[i]!.start >= from && this.#edits[i]!.end <= to) found.push(this.#edits[i]!);
    return found.reverse();
  }

  /** Takes edits away again that have not gone out. */
  remove(edits: readonly Edit[]): void {
    const gone = new Set(edits);
    this.#edits = this.#edits.slice(this.#first).filter((edit) => !gone.has(edit));
    this.#first = 0;
  }

  /** A piece of the text as it goes out, which begins at `from`. Pieces go out in order, so edits before it are done with. */
  apply(piece: string, from: number): string {
    const edits = this.#edits;
    const changed = applyEdits(piece, from, edits, this.#first);
    while (this.#first < edits.length && edits[this.#first]!.end <= from + piece.length) this.#first++;
    if (this.#first * 2 > edits.length) {
      this.#edits = edits.slice(this.#first);
      this.#first = 0;
    }
    return changed;
  }
}
