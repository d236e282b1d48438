import { CodedError } from './errors.ts';
import { LIMITS } from './limits.ts';

const QUOTE = 34;
const BACKSLASH = 92;

/** Index just past the string literal that opens at `open` (a quote) in valid JSON text. */
function stringEnd(text: string, open: number): number {
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

const tooMany = (most: number, what: string): CodedError =>
  new CodedError('body-invalid', `the body holds over ${most} ${what}`);

/** How much one JSON text may hold. */
export interface JsonBounds {
  /** Strings that are values; as many as fit where absent. */
  readonly strings?: number;
  readonly members: number;
  /** Lists and objects. */
  readonly containers: number;
}

const BOUNDS: JsonBounds = { members: LIMITS.jsonMembersMax, containers: LIMITS.jsonContainersMax };

/**
 * Counts members and nesting of JSON text without building it: what would take long to build is refused before.
 * @throws CodedError `body-too-deep` past {@link LIMITS.jsonDepthMax}; `body-invalid` past the bounds
 */
function measure(text: string, bounds: JsonBounds): number {
  const { strings: stringsMax = Number.POSITIVE_INFINITY, members: membersMax, containers: most } = bounds;
  let depth = 0;
  let members = 0;
  let containers = 0;
  let strings = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = stringEnd(text, i) - 1;
      if (++strings - members > stringsMax + 1) throw tooMany(stringsMax, 'strings');
    } else if (c === 58 /* : */) {
      if (++members > membersMax) throw tooMany(membersMax, 'members');
    } else if (c === 123 || c === 91) {
      if (++containers > most) throw tooMany(most, 'lists and objects');
      if (++depth > LIMITS.jsonDepthMax) {
        throw new CodedError('body-too-deep', `the JSON is nested over ${LIMITS.jsonDepthMax} levels`);
      }
    } else if (c === 125 || c === 93) depth--;
  }
  return members;
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && item !== null) count += countMembers(item);
    return count;
  }
  for (const key in value) {
    count++;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'object' && item !== null) count += countMembers(item);
  }
  return count;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes UTF-8 strictly. @throws CodedError `body-not-json` on malformed bytes */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new CodedError('body-not-json', 'the body is not valid UTF-8', { cause });
  }
}

/**
 * Parses JSON that two readers could not read differently: bounded depth, each key once (RFC 8259 section 4
 * leaves repeated keys undefined, which lets a text hide from one of two parsers).
 * @throws CodedError `body-not-json`, `body-too-deep`, `body-duplicate-key`, `body-invalid` past the bounds
 */
export function parseStrictJson(text: string, bounds: JsonBounds = BOUNDS): unknown {
  const members = measure(text, bounds);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CodedError('body-not-json', 'the body is not valid JSON', { cause });
  }
  if (members > 0 && countMembers(value) !== members) throw new CodedError('body-duplicate-key');
  return value;
}

/** One segment of a JSON pointer, escaped (RFC 6901 section 3). */
export function pointerSegment(key: string): string {
  return key.includes('~') || key.includes('/') ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
}

/** Called for each string; `path` holds keys and array positions and is reused between calls. */
export type StringVisitor = (text: string, path: readonly (string | number)[], parent: object) => void;

/** Names a program would give to a field; any other name may carry content. */
const FIELD_NAME = /^[A-Za-z_$][A-Za-z_$.-]{0,47}\d{0,4}$/;

/**
 * Visits every string value of a parsed JSON document, in order.
 * @param visitName called for member names that no program would choose, with the member's path
 * @param visitField called for all other member names
 * @param stringsMax strings, names included
 * @throws CodedError `body-invalid` past that, and past {@link LIMITS.jsonPathCharactersMax}
 */
export function visitStrings(
  root: unknown,
  visit: StringVisitor,
  visitName?: StringVisitor,
  visitField?: StringVisitor,
  stringsMax: number = LIMITS.jsonStringsMax,
): void {
  const path: (string | number)[] = [];
  let seen = 0;
  /** Characters of the names that lead to a place: pointers are made of them, one for each string. */
  let named = 0;
  const count = (): void => {
    if (++seen > stringsMax) throw tooMany(stringsMax, 'strings');
  };
  const walk = (value: unknown, parent: object): void => {
    if (typeof value === 'string') {
      count();
      visit(value, path, parent);
    } else if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        path.push(i);
        walk(value[i], value);
        path.pop();
      }
    } else if (typeof value === 'object' && value !== null) {
      for (const key in value) {
        named += key.length;
        if (named > LIMITS.jsonPathCharactersMax)
          throw new CodedError(
            'body-invalid',
            `names of members within each other have over ${LIMITS.jsonPathCharactersMax} characters`,
          );
        path.push(key);
        if (visitName && !FIELD_NAME.test(key)) {
          count();
          visitName(key, path, value);
        } else visitField?.(key, path, value);
        walk((value as Record<string, unknown>)[key], value);
        path.pop();
        named -= key.length;
      }
    }
  };
  walk(root, {});
}

/** RFC 6901 pointer of a path. */
export function toPointer(path: readonly (string | number)[]): string {
  let out = '';
  for (const part of path) out += `/${typeof part === 'number' ? part : pointerSegment(part)}`;
  return out;
}

/** Index just past the list or object that opens at `open` in valid JSON text. */
function containerEnd(text: string, open: number): number {
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
 * Replaces string values in JSON text and leaves every other byte as it was (numbers keep their digits).
 * @param replacements new value by RFC 6901 pointer
 * @param values JSON text by pointer, put in the place of whatever value stands there
 */
export function replaceStrings(
  text: string,
  replacements: ReadonlyMap<string, string>,
  values: ReadonlyMap<string, string> = new Map(),
): string {
  const pieces: string[] = [];
  let copied = 0;
  let i = 0;
  const skipSpace = (): void => {
    while (i < text.length && text.charCodeAt(i) <= 32) i++;
  };
  const scalar = (): void => {
    while (i < text.length && !',]}'.includes(text[i]!) && text.charCodeAt(i) > 32) i++;
  };
  const value = (pointer: string): void => {
    skipSpace();
    const c = text[i];
    const other = values.size === 0 ? undefined : values.get(pointer);
    if (other !== undefined) {
      const start = i;
      if (c === '{' || c === '[') i = containerEnd(text, i);
      else if (c === '"') i = stringEnd(text, i);
      else scalar();
      pieces.push(text.slice(copied, start), other);
      copied = i;
    } else if (c === '{') {
      i++;
      for (skipSpace(); text[i] !== '}'; skipSpace()) {
        const start = i;
        i = stringEnd(text, i);
        const key = JSON.parse(text.slice(start, i)) as string;
        skipSpace();
        i++;
        value(`${pointer}/${pointerSegment(key)}`);
        skipSpace();
        if (text[i] === ',') i++;
      }
      i++;
    } else if (c === '[') {
      i++;
      let index = 0;
      for (skipSpace(); text[i] !== ']'; skipSpace()) {
        value(`${pointer}/${index++}`);
        skipSpace();
        if (text[i] === ',') i++;
      }
      i++;
    } else if (c === '"') {
      const start = i;
      i = stringEnd(text, i);
      const replacement = replacements.get(pointer);
      if (replacement !== undefined) {
        pieces.push(text.slice(copied, start), JSON.stringify(replacement));
        copied = i;
      }
    } else scalar();
  };
  value('');
  pieces.push(text.slice(copied));
  return pieces.join('');
}
