import { isUtf8 } from 'node:buffer';
import { type BigIntStats, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { CodedError } from '@sallyport/core';

/** One file of a model. */
export interface ModelFile {
  /** Relative to the folder of the model, with `/`; of a model that is one file its own name. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Which file it was, and in which state: see {@link identityOf}. */
  readonly identity: string;
}

/** How the files of a model are found. */
export interface WalkOptions {
  /** Paths relative to the folder, as {@link ignoredPath} gives them. */
  readonly ignored?: readonly string[];
  readonly allowLinks?: boolean;
  /** Told of links that lead out of the model, in words (OMS 6.1.1). */
  onWarning?(text: string): void;
}

const FILES_MAX = 1_000_000;
/** What belongs to version control and not to a model: left out always (OMS 6.2). */
export const GIT_PATHS: readonly string[] = ['.git', '.gitattributes', '.github', '.gitignore'];

const isBelow = (name: string, ignored: string): boolean =>
  name === ignored || name.startsWith(`${ignored}/`);

/** Tells one file in one state from another: what was swapped or written to has another. */
export const identityOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(' ');

/** Names in the order of their code points, as their UTF-8 bytes are ordered. */
export function inCodePointOrder<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, bytes: Buffer.from(nameOf(item)) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ item }) => item);
}

/** A path of a model as signatures write it: relative, with single `/`, nothing that leads up (OMS 6.1.2). */
export const isCanonical = (name: string): boolean =>
  !name.includes('\0') && name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

/**
 * A path that is left out, as signatures write it (OMS 6.2.1): exact and relative.
 * @throws CodedError `usage` for what leads out, and for patterns, which would be taken for names
 */
export function ignoredPath(text: string): string {
  const path = text.replace(/^(?:\.\/)+/, '').replace(/(?<!\/)\/+$/, '');
  if (/[*?[]/.test(path))
    throw new CodedError(
      'usage',
      `\`${text}\` cannot be left out: name a path, without \`*\`, \`?\` or \`[\``,
    );
  if (!isCanonical(path))
    throw new CodedError('usage', `\`${text}\` cannot be left out: name a path below the model`);
  return path;
}

const codeOf = (fault: unknown): string => (fault as NodeJS.ErrnoException).code ?? (fault as Error).message;

/** Names in a folder. @throws CodedError `usage` for one that no JSON holds as it is */
function namesIn(folder: string, shown: string): string[] {
  return readdirSync(folder, { encoding: 'buffer' }).map((bytes) => {
    if (!isUtf8(bytes))
      throw new CodedError('usage', `\`${shown}\` holds a name that is no UTF-8: it cannot be signed`);
    return bytes.toString();
  });
}

class Walk {
  readonly found: ModelFile[] = [];
  readonly #root: string;
  readonly #real: string;
  readonly #entered: Set<string>;
  readonly #ignored: readonly string[];
  readonly #options: WalkOptions;

  constructor(root: string, options: WalkOptions) {
    this.#root = root;
    this.#real = realpathSync(root);
    this.#entered = new Set([this.#real]);
    this.#ignored = [...GIT_PATHS, ...(options.ignored ?? [])];
    this.#options = options;
    this.#folder(root, '');
  }

  #folder(folder: string, prefix: string): void {
    for (const entry of namesIn(folder, prefix === '' ? basename(this.#root) : prefix)) {
      const name = prefix === '' ? entry : `${prefix}/${entry}`;
      if (!this.#ignored.some((one) => isBelow(name, one))) this.#entry(join(folder, entry), name);
    }
  }

  #entry(path: string, name: string): void {
    const link = lstatSync(path, { bigint: true });
    if (link.isSymbolicLink()) this.#look(path, name);
    const stat = link.isSymbolicLink() ? statSync(path, { bigint: true }) : link;
    if (stat.isDirectory()) {
      const real = realpathSync(path);
      if (this.#entered.has(real))
        throw new CodedError('usage', `\`${name}\` leads back to a folder above it`);
      this.#entered.add(real);
      this.#folder(path, name);
      this.#entered.delete(real);
    } else if (stat.isFile())
      this.found.push({ name, path, bytes: Number(stat.size), identity: identityOf(stat) });
    else throw new CodedError('usage', `\`${name}\` is neither a file nor a folder`);
    if (this.found.length > FILES_MAX) throw new CodedError('usage', `the model has over ${FILES_MAX} files`);
  }

  #look(path: string, name: string): void {
    if (this.#options.allowLinks !== true)
      throw new CodedError('usage', `\`${name}\` is a symbolic link: allow links, or leave it out`);
    const real = realpathSync(path);
    if (real !== this.#real && !real.startsWith(`${this.#real}${sep}`))
      this.#options.onWarning?.(`\`${name}\` is a link that leads out of the model`);
  }
}

/**
 * The files of a model, in the order of their names' code points; a model that is one file has that file.
 * @throws CodedError `usage` for symbolic links unless they are allowed, for what is neither file nor folder, and for what cannot be read
 */
export function modelFiles(root: string, options: WalkOptions = {}): ModelFile[] {
  try {
    const stat = statSync(root, { bigint: true });
    if (stat.isFile()) {
      const name = basename(resolve(root));
      return [{ name, path: realpathSync(root), bytes: Number(stat.size), identity: identityOf(stat) }];
    }
    if (!stat.isDirectory()) throw new CodedError('usage', `\`${root}\` is neither a file nor a folder`);
    return inCodePointOrder(new Walk(root, options).found, ({ name }) => name);
  } catch (fault) {
    if (fault instanceof CodedError) throw fault;
    throw new CodedError('usage', `\`${root}\` cannot be read whole: ${codeOf(fault)}`);
  }
}
