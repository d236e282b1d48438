import { createHmac } from 'node:crypto';
import { generalise } from './pii/generalise.ts';
import { spelledIn } from './restoring/spelling.ts';

/** What a placeholder looks like: `[EMAIL_1]`, or `[EMAIL_k3vq7m2a]` where the same value has the same in every call. */
export const PLACEHOLDER = /\[([A-Z][A-Z-]{1,24})_(\d{1,7}|[a-z2-7]{8})\]/g;

/** What stands where a value stood. */
export const REPLACEMENTS = ['tokenise', 'mask', 'pseudonymise', 'generalise'] as const;
/**
 * `tokenise` numbers values within one exchange and restores them in its answer; `pseudonymise` does the same with names
 * that a key makes, so that a value has the same name in every call; `mask` leaves only the kind; `generalise` leaves
 * what is less exact: a card's last figures, a network, a year.
 */
export type Replacement = (typeof REPLACEMENTS)[number];

/** What stood where a placeholder stands. */
export interface Replaced {
  readonly value: string;
  /** What kind of value it is, such as `email`. */
  readonly technique: string;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const PSEUDONYM_LETTERS = 8;

const stems = new Map<string, string>();
/** Techniques whose stems are kept. */
const STEMS_MAX = 1_024;

/** What a placeholder calls a kind of value. */
function stemOf(technique: string): string {
  const known = stems.get(technique);
  if (known !== undefined) return known;
  const stem =
    technique
      .toUpperCase()
      .replaceAll(/[^A-Z-]/g, '')
      .slice(0, 20) || 'VALUE';
  if (stems.size < STEMS_MAX) stems.set(technique, stem);
  return stem;
}

/** Replaces values by placeholders, and placeholders by the values again, within one exchange. */
export class Redactor {
  readonly #byValue = new Map<string, string>();
  readonly #byPlaceholder = new Map<string, Replaced>();
  /** Numbers given out, by kind: the next one is looked for from here. */
  readonly #last = new Map<string, number>();
  readonly #taken: Set<string>;
  readonly #how: Replacement;
  readonly #key: Uint8Array;

  /**
   * @param existing texts whose own placeholder-like words must not be restored by mistake
   * @param key of pseudonyms, 32 random bytes
   */
  constructor(
    existing: readonly string[] = [],
    how: Replacement = 'tokenise',
    key: Uint8Array = new Uint8Array(0),
  ) {
    if (how === 'pseudonymise' && key.length < 16) throw new RangeError('pseudonyms need a key');
    this.#how = how;
    this.#key = key;
    this.#taken = new Set(existing.flatMap(spelledIn));
  }

  /** Whether there is anything to restore. */
  get used(): boolean {
    return this.#byPlaceholder.size > 0;
  }

  /** What stands for a value: the same value of one kind gets the same. */
  placeholder(technique: string, value: string): string {
    const stem = stemOf(technique);
    if (this.#how === 'mask') return `[${stem}]`;
    if (this.#how === 'generalise') return generalise(technique, value) ?? `[${stem}]`;
    const known = this.#byValue.get(`${stem} ${value}`);
    if (known) return known;
    const made = this.#how === 'pseudonymise' ? this.#pseudonym(stem, value) : this.#numbered(stem);
    this.#byValue.set(`${stem} ${value}`, made);
    this.#byPlaceholder.set(made, { value, technique });
    return made;
  }

  #numbered(stem: string): string {
    let number = (this.#last.get(stem) ?? 0) + 1;
    while (this.#taken.has(`[${stem}_${number}]`)) number++;
    this.#last.set(stem, number);
    return `[${stem}_${number}]`;
  }

  #pseudonym(stem: string, value: string): string {
    // Should two values of one exchange fall together, the second one gets another.
    for (let n = 0; ; n++) {
      const bytes = createHmac('sha256', this.#key)
        .update(`${stem}\n${value}\n${n === 0 ? '' : n}`)
        .digest();
      let letters = '';
      for (let i = 0; i < PSEUDONYM_LETTERS; i++) letters += BASE32[bytes[i]! & 31];
      const made = `[${stem}_${letters}]`;
      if (!this.#byPlaceholder.has(made) && !this.#taken.has(made)) return made;
    }
  }

  /** Replaces the spans of a text, which may overlap. */
  redact(text: string, spans: readonly { start: number; end: number; technique: string }[]): string {
    const merged: { start: number; end: number; technique: string }[] = [];
    for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
      const last = merged.at(-1);
      if (last && span.start < last.end) last.end = Math.max(last.end, span.end);
      else merged.push({ ...span });
    }
    let out = '';
    let at = 0;
    for (const span of merged) {
      out += text.slice(at, span.start) + this.placeholder(span.technique, text.slice(span.start, span.end));
      at = span.end;
    }
    return out + text.slice(at);
  }

  /** What a placeholder that this exchange made stands for, or undefined. */
  behind(placeholder: string): Replaced | undefined {
    return this.#byPlaceholder.get(placeholder);
  }

  /** A text with every placeholder that this exchange made as the value again, wherever it stands. */
  restoreAll(text: string): string {
    if (!this.used) return text;
    return text.replaceAll(PLACEHOLDER, (placeholder) => this.behind(placeholder)?.value ?? placeholder);
  }
}
