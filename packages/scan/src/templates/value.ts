/** How much of a value is not known: nothing; what a dialogue brings; or what the template makes of pieces, in a way that is not followed. */
export const KNOWN = 0;
export const GIVEN = 1;
export const MADE = 2;
export type Rest = typeof KNOWN | typeof GIVEN | typeof MADE;

/** What an expression may come to: some texts, and what is not known of it. */
export interface Texts {
  readonly is: 'texts';
  readonly texts: readonly string[];
  readonly rest: Rest;
}

export type Value =
  | Texts
  | { readonly is: 'number'; readonly value: number }
  /** `isWhole`: these items in this order, and not some of them. */
  | { readonly is: 'list'; readonly items: readonly Value[]; readonly isWhole: boolean }
  | { readonly is: 'entries'; readonly entries: Map<string, Value> }
  | { readonly is: 'macro'; readonly macro: unknown }
  /** What Jinja brings along: its text is known to whoever writes a template. */
  | { readonly is: 'own' };

const TEXTS_MAX = 32;
const CHARACTERS_MAX = 512;
const ITEMS_MAX = 256;

/** A text that whoever uses the template gives, and one that is made of pieces in a way that is not followed. */
export const given: Texts = { is: 'texts', texts: [], rest: GIVEN };
export const made: Texts = { is: 'texts', texts: [], rest: MADE };
export const textOf = (text: string): Texts => texts([text]);

/** Some texts. More or longer ones than are followed are made of pieces. */
export function texts(all: Iterable<string>, rest: Rest = KNOWN): Texts {
  const some = new Set<string>();
  for (const text of all) {
    if (some.size >= TEXTS_MAX || text.length > CHARACTERS_MAX)
      return { is: 'texts', texts: [...some], rest: MADE };
    some.add(text);
  }
  return { is: 'texts', texts: [...some], rest };
}

/** A list, where it is short enough to be followed. */
export function list(items: readonly Value[], isWhole = true): Value {
  return items.length > ITEMS_MAX ? made : { is: 'list', items, isWhole };
}

/** A value as the texts that it may be printed as. */
export function asTexts(value: Value): Texts {
  if (value.is === 'texts') return value;
  return value.is === 'number' ? textOf(String(value.value)) : made;
}

/** Either of two values. */
export function either(one: Value, other: Value): Value {
  if (one === other) return one;
  if (one.is === 'texts' && other.is === 'texts')
    return texts([...one.texts, ...other.texts], Math.max(one.rest, other.rest) as Rest);
  if (one.is === 'list' && other.is === 'list') return list([...one.items, ...other.items], false);
  if (one.is === 'number' && other.is === 'number' && one.value === other.value) return one;
  const [texted, another] = one.is === 'texts' ? [one, other] : [other, one];
  if (texted.is !== 'texts') return given;
  // Something that is no text may be used like one, and then what it holds counts.
  return another.is === 'list'
    ? list([texted, ...another.items], false)
    : texts(texted.texts, Math.max(texted.rest, GIVEN) as Rest);
}

/** What a function makes of each text. */
export const mapped = (value: Texts, change: (text: string) => string): Texts =>
  texts(value.texts.map(change), value.rest);

/** Two values, one behind the other. A text put to what is not known is made of pieces. */
export function joined(one: Value, other: Value): Texts {
  const [left, right] = [asTexts(one), asTexts(other)];
  const pairs = left.texts.length * right.texts.length;
  if (left.rest !== KNOWN || right.rest !== KNOWN || pairs > TEXTS_MAX) return made;
  return texts(left.texts.flatMap((a) => right.texts.map((b) => a + b)));
}

/** What may be met in a loop over a value, in order where that is known. */
export function itemsOf(value: Value): { items: readonly Value[]; isWhole: boolean } {
  if (value.is === 'list') return value;
  if (value.is === 'entries') return { items: [...value.entries.keys()].map(textOf), isWhole: true };
  if (value.is !== 'texts') return { items: [given], isWhole: false };
  const [only] = value.texts;
  if (value.texts.length === 1 && value.rest === KNOWN && only!.length <= ITEMS_MAX)
    return { items: [...only!].map(textOf), isWhole: true };
  return { items: value.texts.length > 0 || value.rest === MADE ? [made] : [given], isWhole: false };
}

/** One of several values. */
export const anyOf = (values: readonly Value[]): Value =>
  values.length === 0 ? given : values.reduce((all, one) => either(all, one));

/** Whether a value is nothing more than what was there before. */
export const isCovered = (before: Value, now: Value): boolean =>
  now === before ||
  (now.is !== 'texts' && now.is !== 'number') ||
  (now.is === 'texts' &&
    before.is === 'texts' &&
    now.rest <= before.rest &&
    now.texts.every((text) => before.texts.includes(text)));

/** Names and what they stand for, and those around them. */
export class Scope {
  readonly #own = new Map<string, Value>();
  readonly #outer: Scope | null;

  constructor(outer: Scope | null = null) {
    this.#outer = outer;
  }

  get(name: string): Value | undefined {
    return this.#own.get(name) ?? this.#outer?.get(name);
  }

  set(name: string, value: Value): void {
    this.#own.set(name, value);
  }
}
