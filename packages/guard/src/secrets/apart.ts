/** Characters from the beginning of a secret in which its parts are looked for. */
const REACH = 320;
/** Parts with a space between them, as keys are read out. */
const GROUPED = /^[\w.~+/=-]{2,16}(?: [\w.~+/=-]{2,16}){2,63}/;
/** Lines, as terminals and documents break what is too long for them, with the marks of quotations. */
const BROKEN = /^[\w.~+/=-]{6,200}(?:[ \t]{0,4}\r?\n[ \t>|]{0,8}[\w.~+/=-]{2,200}){1,7}/;
/** A word, with what ends a sentence: nothing that a key goes on with. */
const WORD = /^(?:[A-Z]?[a-z]+|[A-Z]+|\d{1,4})[.]?$/;

/** A text whose parts were put together, and where each of its characters came from. */
interface Joined {
  readonly text: string;
  /** Place behind each part, in the joined text and in the one that it was made of. */
  readonly ends: readonly (readonly [number, number])[];
}

function joined(written: string, takes: (part: string, last: string, first: string) => boolean): Joined {
  const ends: [number, number][] = [];
  let text = '';
  let first = '';
  let last = '';
  for (const { 0: part, index } of written.matchAll(/[\w.~+/=-]+/g)) {
    if (text === '') first = part;
    else if (!takes(part, last, first)) break;
    text += part;
    last = part;
    ends.push([text.length, index + part.length]);
  }
  return { text, ends };
}

/** Groups are as long as the first; only the last one may be shorter. */
const asGrouped = (part: string, last: string, first: string): boolean =>
  last.length === first.length && part.length <= first.length;
/** A line that is a word, or that follows the end of a sentence, is prose. */
const asBroken = (part: string, last: string): boolean => !WORD.test(part) && !last.endsWith('.');

/** A secret as it is without what stands between its parts, and where it stands in the text. */
export interface SecretPlace {
  readonly secret: string;
  readonly start: number;
  readonly end: number;
}

/**
 * A secret whose parts stand apart from each other: in groups, or broken over lines.
 * @param pattern of the whole secret, sticky @param start where it begins
 */
export function secretApart(pattern: RegExp, text: string, start: number): SecretPlace | null {
  const stretch = text.slice(start, start + REACH);
  const grouped = GROUPED.exec(stretch);
  const written = grouped ?? BROKEN.exec(stretch);
  if (!written) return null;
  const whole = joined(written[0], grouped ? asGrouped : asBroken);
  // The longest that is one.
  for (const [length, end] of whole.ends.slice(1).reverse()) {
    pattern.lastIndex = 0;
    const match = pattern.exec(whole.text.slice(0, length));
    if (match && match[0].length === length) return { secret: match[0], start, end: start + end };
  }
  return null;
}
