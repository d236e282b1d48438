import type { Layer } from './canonicalise.ts';
import { type Mapped, MappedBuilder } from './mapped.ts';

/** Stretches of a text that are undone in the same way, as one reading for each way: however many there are, each is read. */
export class JoinedLayers {
  protected readonly source: Mapped;
  readonly #builders = new Map<string, { readonly builder: MappedBuilder; end: number }>();

  constructor(source: Mapped) {
    this.source = source;
  }

  /**
   * Where to write what `[start, end)` means: on a line of its own, unless it follows what came last.
   * @param isApart whether it has a line of its own there, too
   */
  protected next(name: string, start: number, end: number, isApart = false): MappedBuilder {
    const known = this.#builders.get(name);
    if (!known) {
      const builder = new MappedBuilder(this.source, end - start);
      this.#builders.set(name, { builder, end });
      return builder;
    }
    if (isApart || known.end !== start) known.builder.code(10, start, start + 1);
    known.end = end;
    return known.builder;
  }

  /** The readings, in the order in which they began. */
  *layers(): Generator<Layer> {
    for (const [name, { builder }] of this.#builders) yield { name, mapped: builder.done() };
  }
}

/** What runs of characters decode to, all of one encoding as one reading. */
export class Runs extends JoinedLayers {
  /** Adds what `[start, end)` decodes to, on a line of its own. */
  add(name: string, text: string, start: number, end: number): void {
    this.next(name, start, end, true).piece(text, start, end);
  }
}
