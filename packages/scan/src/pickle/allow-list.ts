import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How an allowed name may be used; see `call-rules.ts` for what each rule lets through. */
export const RULES = [
  'mention',
  'data',
  'distribution',
  'no-formula',
  'call',
  'plain',
  'enum',
  'reconstructor',
  'new-object',
  'new-object-named',
  'class-first',
  'apply',
  'apply-first',
  'partial',
  'attribute',
  'type-of',
  'encode',
  'default-factory',
  'array',
  'bytes',
  'ufunc',
  'nested-model',
  'generator',
  'no-paths',
  'shared',
  'public-name',
] as const;
export type RuleName = (typeof RULES)[number];

/** Forms of texts; see `argument-rules.ts`. */
export const TEXT_FORM_NAMES = ['zone'] as const;
export type TextForm = (typeof TEXT_FORM_NAMES)[number];

/** What the arguments of a call may be, beyond numbers, texts, bytes, containers and tuples of these. */
export interface Takes {
  /** Libraries of the list, with blanks between them: instances of what they list; `*` is any instance. */
  readonly instances?: string;
  /** Libraries of the list: names as they stand, of classes that hold data, of types and constants. */
  readonly names?: string;
  /** The argument, counted from 0, that the call sets as a state; it is judged as one. */
  readonly state?: number;
  /** The form of every text among the arguments. */
  readonly texts?: TextForm;
}

/** Rules that say nothing of arguments by themselves: an entry that has one says what it takes. */
export const TAKING: ReadonlySet<RuleName> = new Set<RuleName>(['call', 'class-first']);

/** Names of one library that may be used alike, and how that is known. */
export interface AllowedGroup {
  readonly library: string;
  /** Where the names come from: which version wrote them into what, or which part of its source was read. */
  readonly provenance: string;
  readonly rule: RuleName;
  /** What calls are given, for the rules in {@link TAKING} and for no other. */
  readonly takes?: Takes;
  /** Names by module, with blanks between them. */
  readonly globals: Readonly<Record<string, string>>;
  /** Those of them that give something new with each call, though they are functions. */
  readonly fresh?: Readonly<Record<string, string>>;
  /** Those of them that give what others have, too, though they are classes. */
  readonly shared?: Readonly<Record<string, string>>;
}

/** A name that may be used, how, and why. */
export interface AllowedName {
  readonly rule: RuleName;
  readonly group: AllowedGroup;
  /** What a call gives, where the name alone does not say it. */
  readonly result?: 'fresh' | 'shared' | undefined;
}

/** Exact (module, qualified name) pairs that are harmless to load when used as their rule says. All others are not allowed. */
export class AllowList {
  readonly #names = new Map<string, AllowedName>();

  constructor(groups: readonly AllowedGroup[]) {
    for (const group of groups) {
      const { library, rule, takes } = group;
      if (TAKING.has(rule) !== (takes !== undefined))
        throw new Error(
          `an entry of ${library} with the rule \`${rule}\` ${takes ? 'says' : 'does not say'} what it takes`,
        );
      for (const [module, names] of Object.entries(group.globals))
        for (const name of names.split(' ')) {
          const key = `${module} ${name}`;
          const before = this.#names.get(key);
          if (!before || reach(before.rule) < reach(group.rule))
            this.#names.set(key, { rule: group.rule, group, result: resultOf(group, module, name) });
        }
    }
  }

  lookup(module: string, name: string): AllowedName | undefined {
    // Classes that a TorchScript archive defines itself: no importer looks for them in a module.
    if (module === '__torch__' || module.startsWith('__torch__.')) return TORCHSCRIPT;
    return this.#names.get(`${module} ${name}`);
  }

  get size(): number {
    return this.#names.size;
  }
}

/** What its group says of the results of a name. */
function resultOf({ fresh, shared }: AllowedGroup, module: string, name: string): AllowedName['result'] {
  const holds = (part: AllowedGroup['fresh']): boolean =>
    part !== undefined && Object.hasOwn(part, module) && part[module]!.split(' ').includes(name);
  return holds(shared) ? 'shared' : holds(fresh) ? 'fresh' : undefined;
}

/** Of several rules for one name the furthest holds: a class whose state is set may also be called. */
const reach = (rule: RuleName): number =>
  rule === 'mention' ? 0 : rule === 'data' ? 1 : rule === 'call' ? 2 : 3;

const TORCHSCRIPT: AllowedName = {
  rule: 'data',
  group: {
    library: 'torch',
    provenance: 'TorchScript: defined by the archive under `code/`',
    rule: 'data',
    globals: {},
  },
};

const FOLDER = join(import.meta.dirname, '..', '..', 'allow-list');
let shipped: readonly AllowedGroup[] | undefined;

/** The groups that ship with the scanner: `allow-list/*.json`. */
export function shippedGroups(): readonly AllowedGroup[] {
  shipped ??= ['python', 'libraries', 'estimators'].flatMap(
    (name) => JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as AllowedGroup[],
  );
  return shipped;
}
