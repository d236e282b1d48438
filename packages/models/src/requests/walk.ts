import { CodedError, JsonCursor, LIMITS, type PathPart, type Steps, toPointer } from '@sallyport/core';
import type { Place, PlaceNode } from './places.ts';

/** What a part of a body is: fields of the protocol, a JSON schema, or data of the caller's own making. */
export type Zone = 'protocol' | 'schema' | 'free';
type Path = readonly PathPart[];

/** Called for what a walk meets. `path` is reused between calls. */
export interface Visitor {
  text(text: string, path: Path, parent: object, place: Place | null, zone: Zone): Steps<void>;
  /** A member whose name no protocol has. */
  name(name: string, path: Path, parent: object): void;
  /** Ids of tokens where text could stand. */
  tokens(count: number, path: Path): void;
  /** A list of whole numbers that may be characters. */
  codes(codes: readonly number[], path: Path, parent: object): Steps<void>;
  /** What says nothing by itself, and is still shown to a model: a switch, a word of a schema. @param characters that it has */
  plain(characters?: number): void;
  /** A number that is the caller's own, in the order of the body: those of lists too. */
  number(value: number, path: Path, parent: object): void;
}

/** What an open list or object is: the place of its items, or its own, and the zone that those are in. */
interface Within {
  readonly node: PlaceNode | null;
  readonly zone: Zone;
  /** Whether it is an object whose members the protocol names. */
  readonly protocol: boolean;
}

/** Values that are visited from one step to the next. */
const VISITED = 1_024;
/** Whole numbers in a list from which they may spell something. */
const CODES_MIN = 8;
/** Words of JSON schema (draft 2020-12, and `definitions` of earlier ones). */
const SCHEMA_WORDS = new Set([
  ...['$schema', '$id', '$ref', '$defs', '$anchor', '$comment', 'definitions', 'type', 'enum', 'const'],
  ...['title', 'description', 'default', 'examples', 'format', 'properties', 'required', 'items', 'anyOf'],
  ...['additionalProperties', 'patternProperties', 'propertyNames', 'minProperties', 'maxProperties'],
  ...['prefixItems', 'contains', 'minItems', 'maxItems', 'uniqueItems', 'minLength', 'maxLength', 'pattern'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'allOf', 'oneOf', 'not'],
  ...['if', 'then', 'else', 'nullable', 'deprecated', 'readOnly', 'writeOnly', 'strict', 'name', 'id'],
]);

/** A name as readers see it that do not tell cases or forms of Unicode apart, as Go's `encoding/json` does not. */
const folded = (name: string): string => name.normalize('NFKC').toLowerCase();

const known = new WeakMap<PlaceNode, ReadonlyMap<string, string>>();

function foldedMembers(node: PlaceNode): ReadonlyMap<string, string> {
  let names = known.get(node);
  if (!names) {
    names = new Map([...node.members.keys()].map((name) => [folded(name), name]));
    known.set(node, names);
  }
  return names;
}

/** @throws CodedError where another reader would take a name for one of the protocol, or two for one */
function refuseTwins(value: object, node: PlaceNode, path: Path): void {
  let others: Map<string, string> | null = null;
  for (const name in value) {
    if (node.members.has(name)) continue;
    const plain = folded(name);
    const twin = foldedMembers(node).get(plain) ?? others?.get(plain);
    if (twin !== undefined)
      throw new CodedError(
        'body-duplicate-key',
        `a name in the object at \`${toPointer(path) || '/'}\` differs from \`${twin.slice(0, 64)}\` only in case or form; write it as documented`,
      );
    others ??= new Map();
    others.set(plain, name);
  }
}

const wholeNumbers = (list: readonly unknown[]): list is number[] => list.every(Number.isSafeInteger);

/**
 * Goes through a body, place by place, in steps.
 * @throws CodedError `body-invalid` past {@link LIMITS.jsonStringsMax} and {@link LIMITS.jsonPathCharactersMax}, `body-duplicate-key`
 */
export function* walkRequest(root: unknown, tree: PlaceNode, visitor: Visitor): Steps<void> {
  let visited = 0;
  let seen = 0;
  const count = (): void => {
    if (++seen > LIMITS.jsonStringsMax)
      throw new CodedError('body-invalid', 'the body holds too many strings');
  };
  /** What each open list or object is, from the outermost on. */
  const open: Within[] = [];
  /** What is left to do for the text, or the list of numbers, that was met. */
  const left: Steps<void>[] = [];
  function* listOf(list: readonly number[], path: Path): Steps<void> {
    if (list.length >= CODES_MIN) yield* visitor.codes(list, path, list);
    for (const one of list) {
      if (++visited % VISITED === 0) yield;
      visitor.number(one, path, list);
    }
  }
  /** Goes into a list or an object; not into numbers that are read as a whole. @returns whether it was entered */
  const enters = (value: object, path: Path, node: PlaceNode | null, zone: Zone): boolean => {
    const own = zone === 'protocol' ? node : null;
    if (!Array.isArray(value)) {
      const protocol = own !== null && own.members.size > 0;
      if (protocol) refuseTwins(value, own, path);
      open.push({ node: own, zone, protocol });
      return true;
    }
    const place = own?.place?.kind;
    if (typeof value[0] === 'number' && place !== 'numbers' && wholeNumbers(value)) {
      if (place === 'tokens' && value.every((id) => id >= 0)) visitor.tokens(value.length, path);
      else left.push(listOf(value, path));
      return false;
    }
    const inner = own?.item ?? (place === 'numbers' ? own : null);
    open.push({ node: inner, zone: inner || zone === 'schema' ? zone : 'free', protocol: false });
    return true;
  };
  const meet = (
    value: unknown,
    path: Path,
    node: PlaceNode | null,
    zone: Zone,
    parent: object,
  ): value is object => {
    const kind = node?.place?.kind;
    const own: Zone = kind === 'free' || kind === 'schema' ? kind : zone;
    if (typeof value === 'string') {
      count();
      if (value.length > 0) left.push(visitor.text(value, path, parent, node?.place ?? null, own));
      return false;
    }
    if (typeof value === 'number' && kind !== 'numbers') {
      if (own === 'schema') visitor.plain();
      else visitor.number(value, path, parent);
    } else if (own !== 'protocol' && (typeof value === 'boolean' || value === null)) visitor.plain();
    return typeof value === 'object' && value !== null && enters(value, path, node, own);
  };
  if (!meet(root, [], tree, 'protocol', {})) return;
  const cursor = new JsonCursor(root);
  const { path } = cursor;
  while (cursor.next()) {
    const { value, parent, depth } = cursor;
    open.length = depth;
    const { node, zone, protocol } = open[depth - 1]!;
    const name = path[depth - 1]!;
    if (typeof name === 'number') {
      if (++visited % VISITED === 0) yield;
      if (typeof value === 'number') {
        if (node?.place?.kind !== 'numbers') visitor.number(value, path, parent);
        continue;
      }
      if (meet(value, path, node, zone, parent)) cursor.enter();
      for (const one of left.splice(0)) yield* one;
      continue;
    }
    const child = protocol || node?.any ? (node?.members.get(name) ?? node?.any ?? null) : null;
    const plain = child !== null || (zone === 'schema' && SCHEMA_WORDS.has(name));
    if (!plain || (child === node?.any && !/^\d{1,10}$/.test(name))) {
      count();
      visitor.name(name, path, parent);
    } else if (child === null) visitor.plain(name.length);
    if (++visited % VISITED === 0) yield;
    const inner = child ? 'protocol' : zone === 'schema' ? zone : 'free';
    if (meet(value, path, child, inner, parent)) cursor.enter();
    for (const one of left.splice(0)) yield* one;
  }
}
