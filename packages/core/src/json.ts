import { CodedError } from './errors.ts';
import { JsonCursor, type PathPart } from './json-cursor.ts';
import { LIMITS } from './limits.ts';
import { atOnce, type Steps } from './steps.ts';

const QUOTE = 34;
const BACKSLASH = 92;

/** Index just past the string literal that opens at `open` (a quote) in valid JSON text. */
export function stringEnd(text: string, open: number): number {
  let at = open + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new CodedError('body-not-json', 'a string in the JSON does not end');
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** A body that holds more of something than is built. */
export const tooMany = (most: number, what: string): CodedError =>
  new CodedError('body-invalid', `the body holds over ${most} ${what}`);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes UTF-8 strictly. @throws CodedError `body-not-json` on malformed bytes */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new CodedError('body-not-json', 'the body is not valid UTF-8', { cause });
  }
}

/** One segment of a JSON pointer, escaped (RFC 6901 section 3). */
export function pointerSegment(key: string): string {
  return key.includes('~') || key.includes('/') ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
}

/** Called for each string; `path` holds keys and array positions and is reused between calls. */
export type StringVisitor = (text: string, path: readonly PathPart[], parent: object) => void;

/** Names a program would give to a field; any other name may carry content. */
const FIELD_NAME = /^[A-Za-z_$][A-Za-z_$.-]{0,47}\d{0,4}$/;

/** Values that are visited from one step to the next. */
const VISITED = 4_096;

/**
 * Visits every string value of a parsed JSON document, in order, in steps.
 * @param visitName called for member names that no program would choose, with the member's path
 * @param visitField called for all other member names
 * @param stringsMax strings, names included
 * @throws CodedError `body-invalid` past that, and past {@link LIMITS.jsonPathCharactersMax}
 */
export function* stringVisits(
  root: unknown,
  visit: StringVisitor,
  visitName?: StringVisitor,
  visitField?: StringVisitor,
  stringsMax: number = LIMITS.jsonStringsMax,
): Steps<void> {
  if (typeof root === 'string') return visit(root, [], {});
  if (typeof root !== 'object' || root === null) return;
  let seen = 0;
  let visited = 0;
  const count = (): void => {
    if (++seen > stringsMax) throw tooMany(stringsMax, 'strings');
  };
  const cursor = new JsonCursor(root);
  const { path } = cursor;
  while (cursor.next()) {
    const { value, parent } = cursor;
    if (++visited % VISITED === 0) yield;
    const name = path.at(-1)!;
    if (typeof name === 'string') {
      if (visitName && !FIELD_NAME.test(name)) {
        count();
        visitName(name, path, parent);
      } else visitField?.(name, path, parent);
    }
    if (typeof value === 'string') {
      count();
      visit(value, path, parent);
    } else if (typeof value === 'object' && value !== null) cursor.enter();
  }
}

/** The same in one go. */
export const visitStrings = (...given: Parameters<typeof stringVisits>): void =>
  atOnce(stringVisits(...given));

/** RFC 6901 pointer of a path. */
export function toPointer(path: readonly (string | number)[]): string {
  let out = '';
  for (const part of path) out += `/${typeof part === 'number' ? part : pointerSegment(part)}`;
  return out;
}

/** Behind a pointer: the name of that member is meant, and not its value. No pointer of data ends so, where `~` is escaped. */
export const NAME_MARK = '~#';

/** Whether a pointer is of the name of a member. */
export const isNamePointer = (pointer: string): boolean => pointer.endsWith(NAME_MARK);

/** Makes the pointers of one document: so many characters of them together, however short its values are. */
export class Pointers {
  #characters = 0;

  /** @throws CodedError `body-invalid` past {@link LIMITS.pointersCharactersMax} */
  of(path: readonly (string | number)[]): string {
    return this.kept(toPointer(path));
  }

  /** Counts what was made of a path and is kept. @throws CodedError as {@link of} does */
  kept(pointer: string): string {
    this.#characters += pointer.length;
    if (this.#characters > LIMITS.pointersCharactersMax)
      throw new CodedError(
        'body-invalid',
        `names of members that lead to its values have over ${LIMITS.pointersCharactersMax} characters together; shorten them`,
      );
    return pointer;
  }
}

/** Index just past the list or object that opens at `open` in valid JSON text. */
export function containerEnd(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = stringEnd(text, i) - 1;
    else if (c === 123 || c === 91) depth++;
    else if ((c === 125 || c === 93) && --depth === 0) return i + 1;
  }
  return text.length;
}

/**
 * Replaces string values in JSON text and leaves every other byte as it was (numbers keep their digits), in steps.
 * @param replacements new value by RFC 6901 pointer
 * @param values JSON text by pointer, put in the place of whatever value stands there
 */
export function* replacedStrings(
  text: string,
  replacements: ReadonlyMap<string, string>,
  values: ReadonlyMap<string, string> = new Map(),
): Steps<string> {
  const pieces: string[] = [];
  let copied = 0;
  let visited = 0;
  let i = 0;
  const skipSpace = (): void => {
    while (i < text.length && text.charCodeAt(i) <= 32) i++;
  };
  const scalar = (): void => {
    while (i < text.length && !',]}'.includes(text[i]!) && text.charCodeAt(i) > 32) i++;
  };
  const put = (start: number, other: string): void => {
    pieces.push(text.slice(copied, start), other);
    copied = i;
  };
  /** Takes a value that is no list and no object, or one that is replaced whole. @returns whether it was one */
  const leaf = (pointer: string): boolean => {
    skipSpace();
    const start = i;
    const c = text[i];
    const opens = c === '{' || c === '[';
    const other = values.size === 0 ? undefined : values.get(pointer);
    if (opens && other === undefined) return false;
    if (opens) i = containerEnd(text, i);
    else if (c === '"') i = stringEnd(text, i);
    else scalar();
    const replacement = c === '"' && other === undefined ? replacements.get(pointer) : undefined;
    if (other !== undefined) put(start, other);
    else if (replacement !== undefined) put(start, JSON.stringify(replacement));
    return true;
  };
  function* within(pointer: string): Steps<void> {
    const list = text[i++] === '[';
    let index = 0;
    for (skipSpace(); i < text.length && text[i] !== (list ? ']' : '}'); skipSpace()) {
      let place = `${pointer}/${index++}`;
      if (!list) {
        const start = i;
        i = stringEnd(text, i);
        place = `${pointer}/${pointerSegment(JSON.parse(text.slice(start, i)) as string)}`;
        skipSpace();
        i++;
      }
      if (++visited % VISITED === 0) yield;
      if (!leaf(place)) yield* within(place);
      skipSpace();
      if (text[i] === ',') i++;
    }
    i++;
  }
  if (!leaf('')) yield* within('');
  pieces.push(text.slice(copied));
  return pieces.join('');
}

/** The same in one go. */
export const replaceStrings = (...given: Parameters<typeof replacedStrings>): string =>
  atOnce(replacedStrings(...given));
