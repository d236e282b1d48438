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

/** An object, or `null` for all else. */
export const asObject = (value: Json | undefined): { readonly [key: string]: Json } | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [key: string]: Json })
    : null;

/** Every object in a document with the place it is at, the outer before the inner. Bounded in depth by the parser. */
export function* objectsIn(
  root: Json,
): Generator<{ object: { readonly [key: string]: Json }; pointer: string }> {
  /** What is entered and not left: what is held grows with the depth alone. */
  const open: { inner: Iterator<readonly [string | number, Json]>; pointer: string }[] = [];
  const enter = (value: Json, pointer: string): { readonly [key: string]: Json } | null => {
    if (typeof value !== 'object' || value === null) return null;
    open.push({ inner: membersOf(value), pointer });
    return asObject(value);
  };
  const first = enter(root, '');
  if (first) yield { object: first, pointer: '' };
  while (open.length > 0) {
    const { inner, pointer } = open.at(-1)!;
    const next = inner.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    const [key, value] = next.value;
    if (typeof value !== 'object' || value === null) continue;
    const name = String(key).slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1');
    const object = enter(value, `${pointer}/${name}`);
    if (object) yield { object, pointer: `${pointer}/${name}` };
  }
}

function* membersOf(value: object): Generator<readonly [string | number, Json]> {
  if (Array.isArray(value)) yield* (value as Json[]).entries();
  else for (const key of Object.keys(value)) yield [key, (value as { [key: string]: Json })[key]!];
}

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
