import { decodeText } from './text-encoding.ts';

/** The first key that an object of a JSON text names twice, or `null`. The text is known to be JSON. @param among if only these matter */
export function duplicateKey(text: string, among?: readonly string[]): string | null {
  const keys: (Set<string> | null)[] = [];
  let expectKey = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x7b) {
      keys.push(new Set());
      expectKey = true;
    } else if (character === 0x5b) {
      keys.push(null);
      expectKey = false;
    } else if (character === 0x7d || character === 0x5d) {
      keys.pop();
      expectKey = false;
    } else if (character === 0x2c) expectKey = keys.at(-1) instanceof Set;
    else if (character === 0x22) {
      const start = at;
      for (at++; text.charCodeAt(at) !== 0x22; at++) if (text.charCodeAt(at) === 0x5c) at++;
      if (!expectKey) continue;
      expectKey = false;
      const key = JSON.parse(text.slice(start, at + 1)) as string;
      const own = keys.at(-1);
      if (among && !among.includes(key)) continue;
      if (own?.has(key)) return key;
      own?.add(key);
    }
  }
  return null;
}

/** One value of a JSON document. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A table of a document. */
export type JsonObject = { readonly [key: string]: Json };

/** An object, or `null` for all else. */
export const asObject = (value: Json | undefined): JsonObject | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;

/** Every object in a document with the place it is at, the outer before the inner. Bounded in depth by the parser. */
export function* objectsIn(root: Json): Generator<{ object: JsonObject; pointer: string }> {
  for (const { value, pointer } of partsIn(root, () => false)) {
    const object = asObject(value);
    if (object) yield { object, pointer };
  }
}

/** Every text in a document that is wanted, with the place it is at. */
export function* textsIn(
  root: Json,
  isWanted: (text: string) => boolean,
): Generator<{ text: string; pointer: string }> {
  for (const { value, pointer } of partsIn(root, isWanted))
    if (typeof value === 'string') yield { text: value, pointer };
}

/** Lists and objects, and the texts that are wanted. */
function* partsIn(
  root: Json,
  isWanted: (text: string) => boolean,
): Generator<{ value: Json; pointer: string }> {
  /** What is entered and not left: what is held grows with the depth alone. */
  const open: { inner: Iterator<readonly [string | number, Json]>; pointer: string }[] = [];
  const isPart = (value: Json): boolean =>
    (typeof value === 'object' && value !== null) || (typeof value === 'string' && isWanted(value));
  const enter = (value: Json, pointer: string): void => {
    if (typeof value === 'object' && value !== null) open.push({ inner: membersOf(value), pointer });
  };
  if (!isPart(root)) return;
  yield { value: root, pointer: '' };
  enter(root, '');
  while (open.length > 0) {
    const { inner, pointer } = open.at(-1)!;
    const next = inner.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    const [key, value] = next.value;
    if (!isPart(value)) continue;
    const name = String(key).slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1');
    yield { value, pointer: `${pointer}/${name}` };
    enter(value, `${pointer}/${name}`);
  }
}

function* membersOf(value: object): Generator<readonly [string | number, Json]> {
  if (Array.isArray(value)) yield* (value as Json[]).entries();
  else for (const key of Object.keys(value)) yield [key, (value as { [key: string]: Json })[key]!];
}

/** The text that bytes are where Python's `json` reads them: in UTF-8, UTF-16 or UTF-32, up to the zeros that fill its place. */
export const pythonJsonText = (bytes: Uint8Array): string => {
  const text = decodeText(bytes);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
};

/** Whether a text begins as a document of several parts, behind a mark and the room that `json` passes over. */
export const beginsAsJson = (text: string): boolean => /^\ufeff?[ \t\r\n]*[{[]/.test(text);

/**
 * A document as Python's `json` reads it, which knows `NaN` and `Infinity` where JSON does not. @throws SyntaxError
 */
export function parsePythonJson(text: string): Json {
  const plain = text.replace(/^\ufeff/, '');
  try {
    return JSON.parse(plain) as Json;
  } catch (fault) {
    const known = plain.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/gs, (part) =>
      part.startsWith('"') ? part : 'null',
    );
    if (known === plain) throw fault;
    return JSON.parse(known) as Json;
  }
}
