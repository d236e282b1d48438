import { isNamePointer, type PathPart, type Pointers } from '@sallyport/core';
import type { TextPart } from '../dialect.ts';
import { isAlternative, namedAlternative, type TokenPlace } from './logprobs.ts';
import { isChosen } from './structure.ts';
import type { Classify, Told } from './texts.ts';

/** Places of one text that are looked at; beyond, what spells it is judged as well. */
const SAME_MAX = 64;

/** A text that log probabilities spell. */
interface Spelt {
  text: string;
  readonly told: Told;
  readonly pointer: string;
  readonly lane: string;
}

/** Puts tokens of log probabilities together. */
export class Tokens {
  /** By where they are, and by lane. */
  readonly #spelt = new Map<string, Map<string, Spelt>>();
  readonly #ranks = new WeakMap<object, number>();
  readonly #classify: Classify;
  readonly #pointers: Pointers;
  /** Where the last one was: most follow each other. */
  #last: { readonly path: readonly PathPart[]; readonly pointer: string } = { path: [], pointer: '' };

  constructor(classify: Classify, pointers: Pointers) {
    this.#classify = classify;
    this.#pointers = pointers;
  }

  push(text: string, path: readonly PathPart[], parent: object, { depth, lane }: TokenPlace): void {
    const { path: last } = this.#last;
    if (last.length !== depth || last.some((part, n) => part !== path[n])) {
      const at = path.slice(0, depth);
      this.#last = { path: at, pointer: this.#pointers.of(at) };
    }
    const { pointer } = this.#last;
    const lanes = this.#spelt.get(pointer) ?? new Map<string, Spelt>();
    this.#spelt.set(pointer, lanes);
    const known = lanes.get(lane);
    if (known) {
      known.text += text;
      return;
    }
    const told = this.#classify(this.#last.path, parent);
    if (!told) return;
    this.#pointers.kept(`${told.stream ?? ''}/${lane}`);
    lanes.set(lane, { text, told, pointer, lane });
  }

  /** Takes a name where it is a token. */
  name(text: string, path: readonly (string | number)[], parent: object): boolean {
    const rank = this.#ranks.get(parent) ?? 0;
    const place = namedAlternative(path, rank);
    if (!place || isChosen(path)) return false;
    this.#ranks.set(parent, rank + 1);
    this.push(text, path, parent, place);
    return true;
  }

  /** What they spell. @param texts of the same answer or event */
  parts(texts: readonly TextPart[]): TextPart[] {
    const all = [...this.#spelt.values()].flatMap((lanes) => [...lanes.values()]);
    if (all.length === 0) return [];
    const beside = sameTexts(all, texts);
    const said = new Set<string>();
    return all.map(({ text, told: { stream, call, echo }, pointer, lane }) => {
      const own = `${pointer} ${text}`;
      // They go where that text changes, or where another of them goes: what stands elsewhere is judged by itself.
      const holder = pointer.slice(0, pointer.lastIndexOf('/') + 1);
      const repeats = said.has(own) || beside.get(text)!.some((other) => other.startsWith(holder));
      said.add(own);
      return {
        pointer,
        text,
        channel: 'output',
        system: false,
        kind: 'text',
        stream: stream === null ? null : `${stream}/${lane}`,
        made: 'tokens',
        ...(isAlternative(lane) && { only: 'values' }),
        ...(call !== undefined && { call }),
        ...(echo && { echo }),
        ...(repeats && { repeats }),
      } satisfies TextPart;
    });
  }
}

/** Where texts stand that are judged, and that tokens spell. */
function sameTexts(all: readonly Spelt[], texts: readonly TextPart[]): Map<string, string[]> {
  const places = new Map<string, string[]>();
  for (const { text } of all) places.set(text, []);
  for (const { text, pointer, structure, echo } of texts) {
    const own = places.get(text);
    if (!own || own.length >= SAME_MAX || structure !== undefined || echo || isNamePointer(pointer)) continue;
    own.push(pointer);
  }
  return places;
}
