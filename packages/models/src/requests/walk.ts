import { CodedError, LIMITS, type Steps, toPointer } from '@sallyport/core';
import type { Place, PlaceNode } from './places.ts';

/** What a part of a body is: fields of the protocol, a JSON schema, or data of the caller's own making. */
export type Zone = 'protocol' | 'schema' | 'free';
type Path = readonly (string | number)[];

/** Called for what a walk meets. `path` is reused between calls. */
export interface Visitor {
  text(text: string, path: Path, parent: object, place: Place | null, zone: Zone): void;
  /** A member whose name no protocol has. */
  name(name: string, path: Path, parent: object): void;
  /** Ids of tokens where text could stand. */
  tokens(count: number, path: Path): void;
  /** A list of whole numbers that may be characters. */
  codes(codes: readonly number[], path: Path, parent: object): void;
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
  const path: (string | number)[] = [];
  let seen = 0;
  /** Characters of the names that lead to a place: pointers are made of them, one for each text. */
  let named = 0;
  const count = (): void => {
    if (++seen > LIMITS.jsonStringsMax)
      throw new CodedError('body-invalid', 'the body holds too many strings');
  };
  function* list(value: readonly unknown[], node: PlaceNode | null, zone: Zone): Steps<void> {
    const place = node?.place?.kind;
    if (value.length > 0 && typeof value[0] === 'number' && place !== 'numbers' && wholeNumbers(value)) {
      if (place === 'tokens' && value.every((id) => id >= 0)) visitor.tokens(value.length, path);
      else if (value.length >= CODES_MIN) visitor.codes(value, path, value);
      return;
    }
    const inner = node?.item ?? (place === 'numbers' ? node : null);
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (typeof item === 'number') continue;
      path.push(i);
      if (++visited % VISITED === 0) yield;
      yield* walk(item, inner, inner ? zone : zone === 'schema' ? zone : 'free', value);
      path.pop();
    }
  }
  function* object(value: object, node: PlaceNode | null, zone: Zone): Steps<void> {
    const protocol = zone === 'protocol' && node !== null && node.members.size > 0;
    if (protocol) refuseTwins(value, node, path);
    for (const name in value) {
      const child = protocol || node?.any ? (node?.members.get(name) ?? node?.any ?? null) : null;
      named += name.length;
      if (named > LIMITS.jsonPathCharactersMax)
        throw new CodedError(
          'body-invalid',
          `names of members within each other have over ${LIMITS.jsonPathCharactersMax} characters`,
        );
      path.push(name);
      const plain = child !== null || (zone === 'schema' && SCHEMA_WORDS.has(name));
      if (!plain || (child === node?.any && !/^\d{1,10}$/.test(name))) {
        count();
        visitor.name(name, path, value);
      }
      if (++visited % VISITED === 0) yield;
      yield* walk(
        (value as Record<string, unknown>)[name],
        child,
        child ? 'protocol' : zone === 'schema' ? zone : 'free',
        value,
      );
      path.pop();
      named -= name.length;
    }
  }
  function* walk(value: unknown, node: PlaceNode | null, zone: Zone, parent: object): Steps<void> {
    const kind = node?.place?.kind;
    const own: Zone = kind === 'free' || kind === 'schema' ? kind : zone;
    if (typeof value === 'string') {
      count();
      if (value.length > 0) visitor.text(value, path, parent, node?.place ?? null, own);
    } else if (Array.isArray(value)) yield* list(value, own === 'protocol' ? node : null, own);
    else if (typeof value === 'object' && value !== null)
      yield* object(value, own === 'protocol' ? node : null, own);
  }
  yield* walk(root, tree, 'protocol', {});
}
