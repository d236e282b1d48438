/** What is known of an expression without running it. */
export interface Value {
  /** What it stands for, by its dotted name from the module on; the result of a call ends in `()`. */
  readonly path: string | null;
  /** What it says, where that stands in the source; `…` for parts that do not. */
  readonly text: string | null;
  /** Where it comes from: bits of {@link ORIGIN}. */
  readonly origin: number;
  /** Of a list or tuple. */
  readonly items?: readonly Value[];
}

/**
 * Where something comes from, as bits; `cut` where not all that it says is known, `secret` for all variables or what a file of secrets holds,
 * `embedded` where it is decoded out of a text of the source, `numbers` where it is computed with numbers or a picture, `computed` where it is a
 * text or bytes made of those or of a cipher, `odd` where it is fetched from a host without a name, `returned` where a function of the source
 * gives what it fetches, `picture` where it is read of a file that holds none but a picture or sound.
 */
export const ORIGIN = {
  decoded: 1,
  fetched: 2,
  characters: 4,
  socket: 8,
  cut: 16,
  secret: 32,
  embedded: 64,
  numbers: 128,
  computed: 256,
  odd: 512,
  returned: 1024,
  picture: 2048,
} as const;

/** The same without what a part of it need not be: one variable is no secret for being one. */
export const withoutSecret = (origin: number): number => origin & ~ORIGIN.secret;

/** Something of which nothing is known. */
export const NOTHING: Value = { path: null, text: null, origin: 0 };
const PATH_CHARACTERS_MAX = 256;
/** Characters that are kept of one text. */
export const TEXT_CHARACTERS_MAX = 65_536;
const NAMES_MAX = 200_000;
/** Modules of which every name is imported. */
const MODULES_MAX = 64;
/** Names of which it is kept what they say. */
const SAYING_MAX = 20_000;

/** What is known of something, up to its limits. */
export const valueFrom = (path: string | null, origin = 0, text: string | null = null): Value => ({
  path: path === null || path.length > PATH_CHARACTERS_MAX ? null : path,
  text: text === null ? null : text.slice(0, TEXT_CHARACTERS_MAX),
  origin: text !== null && text.length > TEXT_CHARACTERS_MAX ? origin | ORIGIN.cut : origin,
});

/** Where any of these comes from. */
export const originOf = (values: readonly Value[]): number =>
  values.reduce((origin, one) => origin | one.origin, 0);

/** What stands for a file that has no name in the source. */
export const TEMPORARY = '/NamedTemporaryFile';
/** A word of a command, `…` where it is not known. */
export function wordOf({ text, path }: Value): string {
  if (text !== null || path === null) return text ?? '…';
  if (path === 'sys.executable') return 'python';
  return path.endsWith('NamedTemporaryFile().name') ? TEMPORARY : '…';
}

/** All that is said in it, in order: the words of a list of arguments with a space between them. */
export const wordsOf = (value: Value): string => value.text ?? value.items?.map(wordOf).join(' ') ?? '';

/** A name as the module has it that it comes from, whichever way it was reached. */
export const canonical = (path: string): string =>
  path
    .replace(/^(?:builtins|__builtins__|__builtin__)\./, '')
    .replace(/^__builtins__\.__dict__\./, '')
    .replace(/^(?:posix|nt)\./, 'os.')
    .replace(/^.*\.(os|subprocess|builtins|base64|marshal)\.(?=\w+$)/, '$1.')
    .replace(/^builtins\./, '');

/** What names stand for. Scopes are not told apart: what a name stood for once, it may stand for again. */
export class Names {
  readonly #values = new Map<string, Value>();
  readonly #returned = new Map<string, number>();
  /** Modules of which every name was imported. */
  readonly #modules = new Set<string>();
  /** What names stand for by these; null where it is nothing that is told. */
  readonly #ofAll = new Map<string, Value | null>();
  readonly #isKept: (path: string) => boolean;
  /** Whether all names that were given a value have one. */
  isWhole = true;

  /** @param isKept whether a name that stood for this goes on doing so, whatever else it is given */
  constructor(isKept: (path: string) => boolean) {
    this.#isKept = isKept;
  }

  get(name: string): Value | undefined {
    return this.#values.get(name) ?? this.#ofModules(name);
  }

  /** Every name of a module is a name here: `from os import *`. @param module with a dot behind it */
  setAll(module: string): void {
    if (this.#modules.has(module)) return;
    if (this.#modules.size < MODULES_MAX) this.#modules.add(module);
    else this.isWhole = false;
    this.#ofAll.clear();
  }

  #ofModules(name: string): Value | undefined {
    if (this.#modules.size === 0) return undefined;
    const known = this.#ofAll.get(name);
    if (known !== undefined) return known ?? undefined;
    const module = [...this.#modules].find((one) => this.#isKept(canonical(`${one}${name}`)));
    const found = module === undefined ? null : valueFrom(`${module}${name}`);
    if (this.#ofAll.size < NAMES_MAX) this.#ofAll.set(name, found);
    return found ?? undefined;
  }

  /** Notes where what a function of the source gives comes from. @param name as {@link Value.path} has it */
  setReturned(name: string, origin: number): void {
    const followed = origin & (ORIGIN.decoded | ORIGIN.computed | ORIGIN.fetched | ORIGIN.odd);
    if (followed === 0 || this.#returned.size >= NAMES_MAX) return;
    const isFetched = (followed & ORIGIN.fetched) !== 0;
    this.#returned.set(name, (this.#returned.get(name) ?? 0) | followed | (isFetched ? ORIGIN.returned : 0));
  }

  /** Where what a function of the source gives comes from, as bits of {@link ORIGIN}. */
  returnedBy(name: string): number {
    return this.#returned.get(name) ?? 0;
  }

  set(name: string, value: Value): void {
    const before = this.#values.get(name);
    const { size } = this.#values;
    if (before === undefined && size >= NAMES_MAX) {
      this.isWhole = false;
      return;
    }
    const isSilent = before === undefined && size >= SAYING_MAX && (value.text !== null || value.items);
    const kept = isSilent ? valueFrom(null, value.origin | ORIGIN.cut) : value;
    const keeps = before?.path != null && this.#isKept(canonical(before.path));
    this.#values.set(name, {
      ...kept,
      path: keeps ? before.path : value.path,
      origin: kept.origin | withoutSecret(before?.origin ?? 0),
    });
  }
}
