import { readFileSync } from 'node:fs';
import { type Ecosystem, normalPythonName } from './locked-package.ts';

/** What a name is likely to be taken for. */
export interface Resemblance {
  /** The package that was perhaps meant. */
  readonly of: string;
  readonly technique: 'typosquat' | 'invented-name';
}

const LIST = JSON.parse(readFileSync(new URL('./familiar-names.json', import.meta.url), 'utf8')) as {
  readonly familiar: Readonly<Partial<Record<Ecosystem, string>>>;
  readonly neighbours: string;
  readonly invented: Readonly<Partial<Record<Ecosystem, Readonly<Record<string, string>>>>>;
};

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
const NEIGHBOURS = new Set(words(LIST.neighbours));
/** Shorter names have too many honest neighbours. */
const CHARACTERS_MIN = 5;
const AFFIXES =
  /^(?:python|py|node|js|lib|the)-|-(?:python|py|js|node|lib|sdk|api|official|dev|utils|client)$/;

/** Whether one slip of the hand makes `a` of `b`: a letter more, less, other, or two that changed places. */
export function isOneSlipFrom(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  if (a.length > b.length) return a.slice(at + 1) === b.slice(at);
  if (a.length < b.length) return a.slice(at) === b.slice(at + 1);
  return (
    a.slice(at + 1) === b.slice(at + 1) ||
    (a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2))
  );
}

interface Familiar {
  readonly names: ReadonlySet<string>;
  readonly byLength: ReadonlyMap<number, readonly string[]>;
  readonly bare: ReadonlyMap<string, string>;
}

const FAMILIAR = new Map<Ecosystem, Familiar>();

function familiar(ecosystem: Ecosystem): Familiar {
  const known = FAMILIAR.get(ecosystem);
  if (known) return known;
  const names = words(LIST.familiar[ecosystem] ?? '');
  const byLength = new Map<number, string[]>();
  for (const name of names) byLength.set(name.length, [...(byLength.get(name.length) ?? []), name]);
  const made = {
    names: new Set(names),
    byLength,
    bare: new Map(names.map((name) => [name.replace(/[-_.]/g, ''), name])),
  };
  FAMILIAR.set(ecosystem, made);
  return made;
}

/** Which package a name is nearly, null where it is like none. What many use is never taken for another. */
export function resemblance(ecosystem: Ecosystem, given: string): Resemblance | null {
  const name = ecosystem === 'PyPI' || ecosystem === 'conda' ? normalPythonName(given) : given.toLowerCase();
  const { names, byLength, bare } = familiar(ecosystem === 'conda' ? 'PyPI' : ecosystem);
  if (names.has(name) || NEIGHBOURS.has(name)) return null;
  const invented = LIST.invented[ecosystem];
  const meant = invented !== undefined && Object.hasOwn(invented, name) ? invented[name] : undefined;
  if (meant !== undefined) return { of: meant, technique: 'invented-name' };
  // A scope belongs to somebody: what is in it is not mistyped.
  if (name.startsWith('@')) return null;
  const joined = bare.get(name.replace(/[-_.]/g, ''));
  if (joined !== undefined && joined.length >= CHARACTERS_MIN) return { of: joined, technique: 'typosquat' };
  for (let length = name.length - 1; length <= name.length + 1; length++)
    for (const other of byLength.get(length) ?? [])
      if (other.length >= CHARACTERS_MIN && isOneSlipFrom(name, other))
        return { of: other, technique: 'typosquat' };
  const stem = name.replace(AFFIXES, '');
  if (stem !== name)
    for (let length = stem.length - 1; length <= stem.length + 1; length++)
      for (const other of byLength.get(length) ?? [])
        if (other.length >= CHARACTERS_MIN + 1 && isOneSlipFrom(stem, other))
          return { of: other, technique: 'typosquat' };
  return null;
}
