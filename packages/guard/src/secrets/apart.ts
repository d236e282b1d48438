/** Characters from the beginning of a secret in which its parts are looked for. */
const REACH = 320;
/** Parts of one length, as keys are read out, with spaces between them. */
const GROUPED = /^([\w.~+/=-]{2,16})(?= )(?: [\w.~+/=-]{2,16}){2,63}/;
/** Lines of one length, as terminals and documents break what is too long for them, with the marks of quotations. */
const BROKEN = /^[\w.~+/=-]{6,200}(?:[ \t]{0,4}\r?\n[ \t>|]{0,8}[\w.~+/=-]{2,200}){1,7}/;
/** A word, with what ends a sentence: nothing that a key goes on with. */
const WORD = /^(?:[A-Z]?[a-z]+|[A-Z]+|\d{1,4})[.]?$/;

/** A text whose parts were put together, and where each of its characters came from. */
interface Joined {
  readonly text: string;
  /** Place behind each part, in the joined text and in the one that it was made of. */
  readonly ends: readonly (readonly [number, number])[];
}

function joined(stretch: string, takes: (part: string, first: string, last: string) => boolean): Joined {
  const ends: [number, number][] = [];
  let text = '';
  let first = '';
  let last = '';
  for (const { 0: part, index } of stretch.matchAll(/[\w.~+/=-]+/g)) {
    if (text === '') first = part;
    else if (!takes(part, first, last)) break;
    text += part;
    last = part;
    ends.push([text.length, index + part.length]);
  }
  return { text, ends };
}

/** Groups as long as the first, but the last one; lines as long as the first, that are no words. */
const asGrouped = (part: string, first: string, last: string): boolean =>
  last.length === first.length && part.length <= first.length;
const asBroken = (part: string, _first: string, last: string): boolean =>
  !WORD.test(part) && !last.endsWith('.');

/** A secret in parts. Offsets count from its beginning. */
export interface Apart {
  readonly secret: string;
  readonly end: number;
}

/**
 * A secret whose parts stand apart from each other: in groups, or broken over lines.
 * @param pattern of the whole secret, sticky @param from where it begins
 */
export function secretApart(pattern: RegExp, text: string, from: number): Apart | null {
  const stretch = text.slice(from, from + REACH);
  const grouped = GROUPED.exec(stretch)?.[0];
  const broken = grouped === undefined ? BROKEN.exec(stretch)?.[0] : undefined;
  if (grouped === undefined && broken === undefined) return null;
  const whole = grouped === undefined ? joined(broken!, asBroken) : joined(grouped, asGrouped);
  // The longest that is one.
  for (const [length, end] of whole.ends.slice(1).reverse()) {
    pattern.lastIndex = 0;
    const match = pattern.exec(whole.text.slice(0, length));
    if (match && match[0].length === length) return { secret: match[0], end };
  }
  return null;
}
