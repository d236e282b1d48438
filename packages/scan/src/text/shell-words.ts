/** A word as a shell has it, and where it ends. */
export interface ShellWord {
  readonly value: string;
  readonly end: number;
}

/** Characters of a word that are read: more are no command that a person wrote. */
const WORD_MAX = 1024 * 1024;
const SPACE = /[ \t]{0,256}(?:\\\r?\n[ \t]{0,256}){0,4}/y;
const ENDS = /[\s;|&)<>`]/;
const ESCAPED_IN_QUOTES = /\\([\\"$`\n])/g;
const ANSI = /\\(?:x([0-9a-f]{1,2})|u([0-9a-f]{1,4})|U([0-9a-f]{1,8})|([0-7]{1,3})|(.))/gis;
/** Signs behind a backslash, and what they stand for. */
const SIGNS = 'ntreab';
const STANDS_FOR = '\n\t\r\x1b\x07\b';
/** How a quotation mark is written within marks of its own kind: `'\''`. */
const MARKS_WITHIN = ["'\\''", `'"'"'`];

const inQuotes = (text: string): string =>
  text.replace(ESCAPED_IN_QUOTES, (_, one: string) => (one === '\n' ? '' : one));

/** What `$'…'` says. */
export const ansiText = (text: string): string =>
  text.replace(ANSI, (_, hex?: string, short?: string, long?: string, octal?: string, one?: string) => {
    if (one !== undefined) return STANDS_FOR[SIGNS.indexOf(one)] ?? one;
    const code = octal === undefined ? Number.parseInt(hex ?? short ?? long!, 16) : Number.parseInt(octal, 8);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });

/** Where a text in quotation marks ends, a mark behind a backslash passed over; the end of what is read where it does not. */
function closes(text: string, from: number, mark: string, limit: number): number {
  for (let at = from; at < limit; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === mark) return at;
  }
  return limit;
}

/** A text whose marks are escaped, as within a text of its own: `"python3 -c \"…\""`. */
function escapedText(text: string, from: number, mark: string, limit: number): ShellWord {
  for (let at = from; at < limit; at++) {
    if (text[at] !== '\\') continue;
    let count = 1;
    while (text[at + count] === '\\') count++;
    if (count === 1 && text[at + 1] === mark)
      return { value: inQuotes(text.slice(from, at).replaceAll(/\\([\\"'$`])/g, '$1')), end: at + 2 };
    at += count;
  }
  return { value: inQuotes(text.slice(from, limit)), end: limit };
}

/** The word of a command line from a place on, without its quotation marks; null where there is none. Blanks before it are passed over. */
export function wordAt(text: string, from: number): ShellWord | null {
  SPACE.lastIndex = from;
  SPACE.test(text);
  let at = Math.max(from, SPACE.lastIndex);
  const start = at;
  const limit = Math.min(text.length, start + WORD_MAX);
  for (const marks of MARKS_WITHIN)
    if (text.startsWith(marks, at)) {
      const end = text.slice(at + marks.length, limit).indexOf(marks);
      if (end >= 0) {
        const value = text.slice(at + marks.length, at + marks.length + end);
        return { value, end: at + end + marks.length * 2 };
      }
    }
  if (text[at] === '\\' && (text[at + 1] === '"' || text[at + 1] === "'"))
    return escapedText(text, at + 2, text[at + 1]!, limit);
  let value = '';
  let closed = '';
  while (at < limit) {
    const one = text[at]!;
    if (ENDS.test(one)) break;
    const isAnsi = one === '$' && text[at + 1] === "'";
    if (one === '"' || one === "'" || isAnsi) {
      // What stands right behind marks of another kind closes those around all of it, but for a mark alone.
      if (closed !== '' && one !== closed && !isAnsi && !text.startsWith(`${one}${closed}${one}`, at)) break;
      const begin = at + (isAnsi ? 2 : 1);
      const plain = text.indexOf("'", begin);
      const end =
        one === "'"
          ? plain < 0 || plain > limit
            ? limit
            : plain
          : closes(text, begin, isAnsi ? "'" : '"', limit);
      const inner = text.slice(begin, end);
      value += isAnsi ? ansiText(inner) : one === '"' ? inQuotes(inner) : inner;
      at = end + 1;
      closed = isAnsi ? "'" : one;
    } else if (one === '\\') {
      value += text[at + 1] === '\n' ? '' : (text[at + 1] ?? '');
      at += 2;
    } else {
      value += one;
      at++;
    }
  }
  return at === start ? null : { value, end: Math.min(at, text.length) };
}

const BETWEEN = /["']?\s{0,256},\s{0,256}(["'])/y;

/** The next text of a list of words: `, "-c"`. */
export function listedWord(text: string, from: number): ShellWord | null {
  BETWEEN.lastIndex = from;
  const mark = BETWEEN.exec(text)?.[1];
  if (mark === undefined) return null;
  const begin = BETWEEN.lastIndex;
  const end = closes(text, begin, mark, Math.min(text.length, begin + WORD_MAX));
  return { value: ansiText(text.slice(begin, end)), end: end + 1 };
}
