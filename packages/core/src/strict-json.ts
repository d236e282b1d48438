import { CodedError } from './errors.ts';
import { containerEnd, stringEnd, tooMany } from './json.ts';
import { LIMITS } from './limits.ts';
import { atOnce, type Steps } from './steps.ts';

const [QUOTE, COMMA, COLON] = [34, 44, 58];
const [LIST, LIST_END, OBJECT, OBJECT_END] = [91, 93, 123, 125];
/** Characters of JSON from one step to the next; what is shorter is built whole. */
const PIECE = 64 * 1024;
/** Characters from which JSON is built in pieces: below, it takes a few milliseconds. */
const PIECEMEAL = 4 * PIECE;

/** How much one JSON text may hold. */
export interface JsonBounds {
  /** Strings that are values; as many as fit where absent. */
  readonly strings?: number;
  readonly members: number;
  /** Lists and objects. */
  readonly containers: number;
  /** Values of lists and members, numbers among them. */
  readonly values: number;
}

const BOUNDS: JsonBounds = {
  members: LIMITS.jsonMembersMax,
  containers: LIMITS.jsonContainersMax,
  values: LIMITS.jsonValuesMax,
};

const notJson = (cause?: unknown): CodedError =>
  new CodedError('body-not-json', 'the body is not valid JSON', { cause });

/** What is known of JSON text before it is built. */
interface Measured {
  readonly members: number;
  /** Ends of lists and objects that are longer than {@link PIECE}, by where they open. */
  readonly ends: ReadonlyMap<number, number>;
}

/**
 * Counts members, values and nesting of JSON text without building it: what would take long to build is refused before.
 * @throws CodedError `body-too-deep` past {@link LIMITS.jsonDepthMax}; `body-invalid` past the bounds
 */
function* measure(text: string, bounds: JsonBounds, piece: number): Steps<Measured> {
  const { strings: stringsMax = Number.POSITIVE_INFINITY, members: membersMax, containers: most } = bounds;
  const ends = new Map<number, number>();
  const open: number[] = [];
  /** Members of each object that is open: one of very many takes long to go through, whatever else there is. */
  const own: number[] = [];
  let members = 0;
  let containers = 0;
  let strings = 0;
  let commas = 0;
  let next = piece;
  for (let i = 0; i < text.length; i++) {
    if (i > next) {
      yield;
      next = i + piece;
    }
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = stringEnd(text, i) - 1;
      if (++strings - members > stringsMax + 1) throw tooMany(stringsMax, 'strings');
    } else if (c === COMMA) {
      if (++commas > bounds.values) throw tooMany(bounds.values, 'values');
    } else if (c === COLON) {
      if (++members > membersMax) throw tooMany(membersMax, 'members');
      const here = (own.pop() ?? 0) + 1;
      own.push(here);
      if (here > LIMITS.jsonMembersMax) throw tooMany(LIMITS.jsonMembersMax, 'members in one object');
    } else if (c === OBJECT || c === LIST) {
      if (++containers > most) throw tooMany(most, 'lists and objects');
      if (open.length >= LIMITS.jsonDepthMax)
        throw new CodedError('body-too-deep', `the JSON is nested over ${LIMITS.jsonDepthMax} levels`);
      open.push(i);
      own.push(0);
    } else if (c === OBJECT_END || c === LIST_END) {
      const start = open.pop();
      own.pop();
      if (start !== undefined && i - start > piece) ends.set(start, i);
    }
  }
  return { members, ends };
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

const skipSpace = (text: string, from: number): number => {
  let at = from;
  for (let c = text.charCodeAt(at); c === 32 || c === 10 || c === 13 || c === 9; ) c = text.charCodeAt(++at);
  return at;
};

/** Builds JSON piece by piece: lists and objects that are long from their items, all else as the engine builds it. */
class Builder {
  readonly #text: string;
  readonly #ends: ReadonlyMap<number, number>;
  readonly #piece: number;
  /** Members that were built. */
  members = 0;

  constructor(text: string, ends: ReadonlyMap<number, number>, piece: number) {
    this.#text = text;
    this.#ends = ends;
    this.#piece = piece;
  }

  *whole(): Steps<unknown> {
    const text = this.#text;
    const start = skipSpace(text, 0);
    const end = this.#ends.get(start);
    if (end === undefined) return this.#native(text);
    if (skipSpace(text, end + 1) !== text.length) throw notJson();
    return yield* this.#long(start, end);
  }

  #native(text: string): unknown {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw notJson(cause);
    }
    this.members += countMembers(value);
    return value;
  }

  /** A list or an object that is long, from its bracket to that which ends it. */
  *#long(start: number, end: number): Steps<unknown> {
    const text = this.#text;
    const isList = text.charCodeAt(start) === LIST;
    if (text.charCodeAt(end) !== (isList ? LIST_END : OBJECT_END)) throw notJson();
    const list: unknown[] = [];
    const object: Record<string, unknown> = {};
    let taken = 0;
    const put = (name: string, value: unknown): void => {
      if (Object.hasOwn(object, name)) throw new CodedError('body-duplicate-key');
      // An assignment to `__proto__` would be lost.
      if (name === '__proto__')
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
      else object[name] = value;
    };
    const take = (from: number, to: number): void => {
      const inner = text.slice(from, to);
      // What is empty between two commas, or before an end, is no item; only a list of nothing at all may be.
      if (skipSpace(inner, 0) === inner.length) {
        if (taken === 0 && to === end) return;
        throw notJson();
      }
      taken++;
      if (isList) for (const item of this.#native(`[${inner}]`) as unknown[]) list.push(item);
      else {
        const some = this.#native(`{${inner}}`) as Record<string, unknown>;
        for (const name in some) put(name, some[name]);
      }
    };
    /** Where what is not built yet begins. */
    let from = start + 1;
    for (let i = from; i < end; ) {
      const c = text.charCodeAt(i);
      if (c === QUOTE) i = stringEnd(text, i);
      else if (c === LIST || c === OBJECT) {
        const inner = this.#ends.get(i);
        if (inner === undefined) {
          i = containerEnd(text, i);
          continue;
        }
        // Itself, and what stands before it: other items, and its name in an object.
        const before = this.#before(from, i, isList);
        if (before.to > from) take(from, before.to - 1);
        const value = yield* this.#long(i, inner);
        taken++;
        if (isList) list.push(value);
        else put(before.name, value);
        i = skipSpace(text, inner + 1);
        if (i === end) return isList ? list : object;
        if (text.charCodeAt(i) !== COMMA) throw notJson();
        from = ++i;
        yield;
      } else if (c === COMMA && i - from >= this.#piece) {
        take(from, i);
        from = ++i;
        yield;
      } else i++;
    }
    take(from, end);
    return isList ? list : object;
  }

  /** The item that opens at `open`: where it begins, behind the comma before it, and its name in an object. */
  #before(from: number, open: number, isList: boolean): { readonly to: number; readonly name: string } {
    const text = this.#text;
    let comma = from - 1;
    for (let i = from; i < open; ) {
      const c = text.charCodeAt(i);
      if (c === QUOTE) i = stringEnd(text, i);
      else if (c === LIST || c === OBJECT) i = containerEnd(text, i);
      else if (c === COMMA) comma = i++;
      else i++;
    }
    const to = comma + 1;
    const head = text.slice(to, open);
    if (isList) {
      if (skipSpace(head, 0) !== head.length) throw notJson();
      return { to, name: '' };
    }
    const [name] = Object.keys(this.#native(`{${head}0}`) as object);
    if (name === undefined) throw notJson();
    return { to, name };
  }
}

/**
 * Parses JSON that two readers could not read differently, in steps: bounded depth, each key once (RFC 8259 section 4
 * leaves repeated keys undefined, which lets a text hide from one of two parsers).
 * @param piece characters from one step to the next
 * @throws CodedError `body-not-json`, `body-too-deep`, `body-duplicate-key`, `body-invalid` past the bounds
 */
export function* strictJson(text: string, bounds: JsonBounds = BOUNDS, piece = PIECE): Steps<unknown> {
  const { members, ends } = yield* measure(text, bounds, piece);
  const builder = new Builder(text, text.length < (PIECEMEAL / PIECE) * piece ? new Map() : ends, piece);
  const value = yield* builder.whole();
  if (builder.members !== members) throw new CodedError('body-duplicate-key');
  return value;
}

/** The same in one go. */
export const parseStrictJson = (text: string, bounds: JsonBounds = BOUNDS): unknown =>
  atOnce(strictJson(text, bounds));
