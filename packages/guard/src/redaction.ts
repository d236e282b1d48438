import { createHmac } from 'node:crypto';
import { atOnce, type Steps } from '@sallyport/core';
import { generalise } from './pii/generalise.ts';
import { embed, unembed } from './restoring/embed.ts';
import { Leaves } from './restoring/leaves.ts';
import type { Placed, Stretch } from './restoring/place.ts';
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
  /** Whether it stood in JSON as a number, without quotes. */
  readonly bare: boolean;
}

/** A stretch of a text in which something was found. */
export interface Found extends Stretch {
  readonly technique: string;
}

/** A stretch of a text and what stands there instead. */
export interface Replacing extends Stretch {
  readonly text: string;
}

/** What says something at all. */
const SAYS = /[\p{L}\p{N}]/u;
/** Values from one step to the next: a pseudonym takes some microseconds. */
const STEP = 64;
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
  /**
   * The first number that is given out from now on. Values that are counted from another one have a row of their own: what comes
   * to the one shifts no number of the other.
   */
  countsFrom = 1;
  /** Numbers given out, by kind and where they are counted from: the next one is looked for from here. */
  readonly #last = new Map<string, number>();
  readonly #taken = new Set<string>();
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
    atOnce(this.takes(existing));
  }

  /** Takes note of texts whose own placeholder-like words must not be restored by mistake, in steps: no value gets one of these from now on. */
  *takes(existing: readonly string[]): Steps<void> {
    for (const text of existing) {
      for (const own of yield* spelledIn(text)) this.#taken.add(own);
      yield;
    }
  }

  /** Whether there is anything to restore. */
  get used(): boolean {
    return this.#byPlaceholder.size > 0;
  }

  /** What stands for a value: the same value of one kind gets the same. @param bare whether it stood without quotes */
  placeholder(technique: string, value: string, bare = false): string {
    const stem = stemOf(technique);
    if (this.#how === 'mask') return `[${stem}]`;
    if (this.#how === 'generalise') return generalise(technique, value) ?? `[${stem}]`;
    const own = bare ? `${stem}\n${value}` : `${stem} ${value}`;
    const known = this.#byValue.get(own);
    if (known) return known;
    const made = this.#how === 'pseudonymise' ? this.#pseudonym(stem, value, bare) : this.#numbered(stem);
    this.#byValue.set(own, made);
    this.#byPlaceholder.set(made, { value, technique, bare });
    return made;
  }

  #numbered(stem: string): string {
    const row = `${this.countsFrom} ${stem}`;
    for (let number = this.#last.get(row) ?? this.countsFrom; ; number++) {
      const made = `[${stem}_${number}]`;
      if (this.#taken.has(made) || this.#byPlaceholder.has(made)) continue;
      this.#last.set(row, number + 1);
      return made;
    }
  }

  #pseudonym(stem: string, value: string, bare: boolean): string {
    // Should two values of one exchange fall together, the second one gets another. One that the texts have already was made
    // here in an earlier turn, for this value: only the key makes it.
    for (let n = 0; ; n++) {
      const bytes = createHmac('sha256', this.#key)
        .update(`${stem}\n${value}\n${bare ? 'bare ' : ''}${n === 0 ? '' : n}`)
        .digest();
      let letters = '';
      for (let i = 0; i < PSEUDONYM_LETTERS; i++) letters += BASE32[bytes[i]! & 31];
      const made = `[${stem}_${letters}]`;
      if (!this.#byPlaceholder.has(made)) return made;
    }
  }

  /**
   * Replaces what was found in a text, which may overlap.
   * @param json whether the text is JSON by its place
   */
  redact(text: string, found: readonly Found[], json = false): string {
    return atOnce(this.redacts(text, found, json));
  }

  /** The same in steps. */
  *redacts(text: string, found: readonly Found[], json = false): Steps<string> {
    if (found.length === 0) return text;
    const leaves = new Leaves(json);
    yield* leaves.reads(text);
    leaves.end();
    let out = '';
    let at = 0;
    const slice = (from: number, to: number): string => text.slice(from, to);
    for (const { start, end, text: instead } of yield* this.replaces(leaves, found, slice)) {
      out += text.slice(at, start) + instead;
      at = end;
    }
    return out + text.slice(at);
  }

  /**
   * What stands instead of what was found, in order, in steps. JSON stays JSON: what reaches over several strings is replaced in each, a
   * number becomes a string.
   * @param leaves of the text; @param slice gives a piece of it
   * @param restored whether values come back, so that a number needs a placeholder of its own
   */
  *replaces(
    leaves: Leaves,
    found: readonly Found[],
    slice: (from: number, to: number) => string,
    restored = true,
  ): Steps<Replacing[]> {
    const all: Replacing[] = [];
    for (const [n, { start, end, technique }] of merged(found).entries()) {
      if (n % STEP === STEP - 1) yield;
      const reached = leaves.within(start, end);
      for (const leaf of reached) {
        const part = leaf.literal ? leaf : leaves.part(leaf, start, end);
        const from = Math.max(beforePair(part.start, slice), all.at(-1)?.end ?? 0);
        const to = Math.min(leaf.end, behindPair(part.end, slice));
        const value = slice(from, to);
        if (value === '' || (reached.length > 1 && !SAYS.test(value))) continue;
        const own = this.placeholder(technique, unembed(value, leaf.depth), restored && leaf.literal);
        all.push({
          start: from,
          end: to,
          text: embed(leaf.literal ? JSON.stringify(own) : own, leaf.depth),
        });
      }
    }
    return all;
  }

  /** What a placeholder that this exchange made stands for, or undefined. */
  behind(placeholder: string): Replaced | undefined {
    return this.#byPlaceholder.get(placeholder);
  }
}

const PAIR = /^[\ud800-\udbff][\udc00-\udfff]$/;

/** A place, or the one before, where it stands within a pair of surrogates. */
const beforePair = (at: number, slice: (from: number, to: number) => string): number =>
  at > 0 && PAIR.test(slice(at - 1, at + 1)) ? at - 1 : at;
const behindPair = (at: number, slice: (from: number, to: number) => string): number =>
  at > 0 && PAIR.test(slice(at - 1, at + 1)) ? at + 1 : at;

/** Stretches without overlaps, in order. */
function merged(found: readonly Found[]): Found[] {
  const all: Found[] = [];
  for (const one of [...found].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = all.at(-1);
    if (last && one.start < last.end) all[all.length - 1] = { ...last, end: Math.max(last.end, one.end) };
    else all.push(one);
  }
  return all;
}

/**
 * A value in the place of its placeholder.
 * @param placed of it in a text
 */
export function putBack({ start, end, depth, string }: Placed, { value, bare }: Replaced): Replacing {
  // What was a number is one again.
  if (bare && string) return { ...string, text: embed(value, depth - 1) };
  return { start, end, text: embed(value, depth) };
}
