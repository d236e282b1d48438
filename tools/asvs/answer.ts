/** A test that goes red when a practice is switched off: its file, from the root of the repository, and its name there. */
export type Shown = readonly [file: string, test: string];

/** What we say to a requirement: met and shown by tests, not applicable, or not met and what is lacking. */
export type Answer =
  | { readonly kind: 'met'; readonly how: string; readonly by: readonly Shown[] }
  | { readonly kind: 'not-applicable'; readonly why: string; readonly absent: readonly string[] }
  | { readonly kind: 'not-met'; readonly lacking: string; readonly by: readonly Shown[] };

/** A requirement of OWASP ASVS 5.0: its number, its level, what it asks in a few words of our own, and the answer. */
export type Requirement = readonly [id: string, level: 1 | 2, asks: string, answer: Answer];

/** One chapter. */
export interface Chapter {
  readonly id: string;
  readonly title: string;
  /** What holds for all of it. */
  readonly preface?: string;
  readonly requirements: readonly Requirement[];
}

/** Tests of a package: `server/origins` is `packages/server/test/origins.test.ts`, others are paths. */
const fileOf = (name: string): string => {
  if (/\.(?:ts|md)$/.test(name)) return name;
  const at = name.indexOf('/');
  return `packages/${name.slice(0, at)}/test/${name.slice(at + 1)}.test.ts`;
};

/** Met. @param how in few words @param by tests: file, name, file, name … */
export const met = (how: string, ...by: readonly string[]): Answer => ({ kind: 'met', how, by: pairs(by) });

/** Not applicable. @param absent parts of names of packages that must not be among the dependencies for that to stay true */
export const notApplicable = (why: string, ...absent: readonly string[]): Answer => ({
  kind: 'not-applicable',
  why,
  absent,
});

/** Not met, or not all of it. @param by tests of what is done */
export const notMet = (lacking: string, ...by: readonly string[]): Answer => ({
  kind: 'not-met',
  lacking,
  by: pairs(by),
});

function pairs(names: readonly string[]): Shown[] {
  const out: Shown[] = [];
  for (let i = 0; i < names.length; i += 2) out.push([fileOf(names[i]!), names[i + 1]!]);
  return out;
}
