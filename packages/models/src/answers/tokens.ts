import { toPointer } from '@sallyport/core';
import type { TextPart } from '../dialect.ts';
import { isAlternative, namedAlternative, type TokenPlace } from './logprobs.ts';
import { isChosen } from './structure.ts';
import type { Classify, Told } from './texts.ts';

/** A text that log probabilities spell. */
interface Spelt {
  text: string;
  readonly told: Told;
  readonly pointer: string;
  readonly lane: string;
}

/** Puts tokens of log probabilities together. */
export class Tokens {
  readonly #spelt = new Map<string, Spelt>();
  readonly #ranks = new WeakMap<object, number>();
  readonly #classify: Classify;

  constructor(classify: Classify) {
    this.#classify = classify;
  }

  push(text: string, path: readonly (string | number)[], parent: object, { depth, lane }: TokenPlace): void {
    const at = path.slice(0, depth);
    const pointer = toPointer(at);
    const known = this.#spelt.get(`${pointer} ${lane}`);
    if (known) known.text += text;
    else {
      const told = this.#classify(at, parent);
      if (told) this.#spelt.set(`${pointer} ${lane}`, { text, told, pointer, lane });
    }
  }

  /** Takes a name where it is a token. */
  name(text: string, path: readonly (string | number)[], parent: object): boolean {
    const rank = this.#ranks.get(parent) ?? 0;
    const place = isChosen(path) ? null : namedAlternative(path, rank);
    if (!place) return false;
    this.#ranks.set(parent, rank + 1);
    this.push(text, path, parent, place);
    return true;
  }

  /** What they spell. @param texts that stand beside them */
  parts(texts: readonly TextPart[]): TextPart[] {
    if (this.#spelt.size === 0) return [];
    const said = new Set(texts.map(({ text }) => text));
    return [...this.#spelt.values()].map(({ text, told: { stream, call, echo }, pointer, lane }) => {
      const repeats = said.has(text);
      said.add(text);
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
