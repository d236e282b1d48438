import { lstatSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { RunCeiling, type RunLimits } from '../run-ceiling.ts';
import type { TechniqueName } from '../techniques.ts';
import { firstModelBelow, PASSED_FOLDERS, type SkippedFolder } from './passed-folders.ts';
import { isBelow, joinPath, type PathBytes, shownName } from './path-bytes.ts';

/** One name of a file. */
export interface TreeFile {
  /** As reports show it. */
  readonly name: string;
  /** Where its content lies: no link is in it. */
  readonly path: PathBytes;
  readonly bytes: number;
}

/** A name behind which nothing was read. */
export interface NotRead {
  readonly name: string;
  readonly technique: TechniqueName;
  readonly message: string;
}

/** Everything that paths come to. */
export interface Tree {
  readonly files: readonly TreeFile[];
  readonly notRead: readonly NotRead[];
  readonly skipped: readonly SkippedFolder[];
  /** Names of files that differ from one beside them only by case or form. */
  readonly twins: ReadonlySet<string>;
  /** Real folders and files that nothing is read outside of; null where links are followed anywhere. */
  readonly bounds: readonly string[] | null;
}

/** Whether what was not read may have been a folder: then it matters whatever its name is. */
export const isFolderTechnique = (technique: TechniqueName): boolean =>
  technique === 'unreadable' ||
  technique === 'outside-link' ||
  technique === 'skipped-folder' ||
  technique === 'run-limit';

/** How paths are walked. */
export interface WalkOptions {
  /** Whether links that lead out of the paths are followed. */
  readonly followLinks?: boolean | undefined;
  /** Names of folders that the operator leaves out. */
  readonly exclude?: readonly string[] | undefined;
  /** Whether folders of {@link PASSED_FOLDERS} are passed over. */
  readonly passInstalled?: boolean | undefined;
  /** What the whole run may cost. */
  readonly limits?: Partial<RunLimits> | undefined;
}

const DEPTH_MAX = 256;
/** Names after which time is looked at. */
const LOOKED_AT_ONCE = 512;
/** Times that one folder is entered through links. */
const ENTERED_MAX = 32;

/** `blobs` of the cache of Hugging Face that a folder is a snapshot of: its files are links into it. */
function blobsBeside(real: string): string[] {
  for (let at = real; dirname(at) !== at; at = dirname(at))
    if (basename(dirname(at)) === 'snapshots') {
      const blobs = join(dirname(dirname(at)), 'blobs');
      try {
        return realpathSync(blobs) === blobs && lstatSync(blobs).isDirectory() ? [blobs] : [];
      } catch {
        return [];
      }
    }
  return [];
}

const faultOf = (fault: unknown): string => (fault as NodeJS.ErrnoException).code ?? (fault as Error).message;

class Walk {
  readonly files: TreeFile[] = [];
  readonly notRead: NotRead[] = [];
  readonly skipped: SkippedFolder[] = [];
  readonly twins = new Set<string>();
  readonly bounds: readonly string[] | null;
  readonly #seen = new Set<string>();
  readonly #entered = new Map<string, number>();
  readonly #named: ReadonlySet<string>;
  readonly #excluded: ReadonlySet<string>;
  readonly #passes: boolean;
  readonly #ceiling: RunCeiling;
  /** Whether no further name is looked at. */
  #isFull = false;

  constructor(
    paths: readonly string[],
    { followLinks, exclude = [], passInstalled }: WalkOptions,
    ceiling: RunCeiling,
  ) {
    this.#ceiling = ceiling;
    const reals = paths.map((path) => realpathSync(path));
    this.bounds = followLinks === true ? null : [...reals, ...reals.flatMap(blobsBeside)];
    this.#named = new Set(paths.map((path) => resolve(path)));
    this.#excluded = new Set(exclude);
    this.#passes = passInstalled === true;
    for (const [at, path] of paths.entries()) this.#root(path, reals[at]!);
  }

  #root(path: string, real: string): void {
    const stat = statSync(real);
    if (this.#isFull) {
      const message = 'is not looked at: the run had come to its limit of time or names';
      this.notRead.push({ name: path, technique: 'run-limit', message });
    } else if (stat.isDirectory()) this.#folder(path, real, new Set([real]), 0);
    else this.#file(path, real, stat);
  }

  #miss(name: string, technique: TechniqueName, message: string): void {
    if (this.#isNew(name)) this.notRead.push({ name, technique, message });
  }

  /** Whether a name was not met before: paths may lie in one another. */
  #isNew(name: string): boolean {
    const own = resolve(name);
    if (this.#seen.has(own)) return false;
    if (
      this.#seen.size >= this.#ceiling.namesMax ||
      (this.#seen.size % LOOKED_AT_ONCE === 0 && this.#ceiling.outOfTime)
    ) {
      this.#isFull = true;
      return false;
    }
    this.#seen.add(own);
    return true;
  }

  #file(name: string, path: PathBytes, stat: Stats): void {
    if (!stat.isFile()) this.#miss(name, 'not-a-file', 'is a pipe, socket or device: it is not opened');
    else if (this.#isNew(name)) this.files.push({ name, path, bytes: stat.size });
  }

  #folder(name: string, path: PathBytes, above: ReadonlySet<string>, depth: number): void {
    if (depth > DEPTH_MAX) return this.#miss(name, 'unreadable', `lies over ${DEPTH_MAX} folders deep`);
    let names: Buffer[];
    try {
      names = readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare);
    } catch (fault) {
      return this.#miss(name, 'unreadable', `cannot be read: ${faultOf(fault)}`);
    }
    const alike = new Set<string>();
    for (const own of names) {
      if (this.#isFull) {
        const message = 'is not looked through to its end: the run had come to its limit of time or names';
        this.notRead.push({ name, technique: 'run-limit', message });
        return;
      }
      const shown = name.endsWith('/') ? `${name}${shownName(own)}` : join(name, shownName(own));
      const plain = shownName(own).normalize('NFC').toLowerCase();
      if (alike.has(plain)) this.twins.add(shown);
      alike.add(plain);
      this.#entry(shown, joinPath(path, own), above, depth);
    }
  }

  #entry(name: string, path: PathBytes, above: ReadonlySet<string>, depth: number): void {
    let stat: Stats;
    try {
      stat = lstatSync(path);
      if (stat.isSymbolicLink()) return this.#link(name, path, above, depth);
    } catch (fault) {
      return this.#miss(name, 'unreadable', `cannot be read: ${faultOf(fault)}`);
    }
    if (!stat.isDirectory()) return this.#file(name, path, stat);
    if (!this.#passOver(name, path))
      this.#folder(name, path, new Set([...above, path.toString('latin1')]), depth + 1);
  }

  #link(name: string, path: PathBytes, above: ReadonlySet<string>, depth: number): void {
    let real: PathBytes;
    let stat: Stats;
    try {
      const bytes = realpathSync(path, { encoding: 'buffer' });
      real = joinPath('', bytes.subarray(1));
      stat = statSync(real);
    } catch (fault) {
      return this.#miss(name, 'dangling-link', `is a link to nothing that can be read: ${faultOf(fault)}`);
    }
    if (this.bounds && !this.bounds.some((bound) => isBelow(real, bound)))
      return this.#miss(name, 'outside-link', 'is a link that leads out of what is scanned');
    if (!stat.isDirectory()) return this.#file(name, real, stat);
    const key = real.toString('latin1');
    if (above.has(key)) return this.#miss(name, 'link-cycle', 'is a link back to a folder that it lies in');
    const entered = (this.#entered.get(key) ?? 0) + 1;
    this.#entered.set(key, entered);
    if (entered > ENTERED_MAX)
      return this.#miss(name, 'unreadable', `leads to a folder that over ${ENTERED_MAX} links lead to`);
    if (!this.#passOver(name, real)) this.#folder(name, real, new Set([...above, key]), depth + 1);
  }

  /** Whether a folder is not looked into, which is told. One that was named itself is. */
  #passOver(name: string, path: PathBytes): boolean {
    if (this.#named.has(resolve(name))) return false;
    const own = basename(name);
    const excluded = this.#excluded.has(own);
    if (!excluded && !(this.#passes && PASSED_FOLDERS.has(own))) return false;
    if (!this.#isNew(name)) return true;
    const holds = excluded ? null : firstModelBelow(path, own);
    this.skipped.push({ path: name, excluded, holds });
    if (holds !== null)
      this.notRead.push({
        name,
        technique: 'skipped-folder',
        message: `is passed over by its name, and holds \`${holds}\``,
      });
    return true;
  }
}

/**
 * Every name at and below paths, each once, in order; hidden ones among them. A link within the paths counts under its own name, to
 * a folder too; one that leads out is told and not followed, unless that is asked for. Pipes, sockets and devices are told and never opened.
 * Where there are more than a run may look at, folders that were not looked through are told.
 * @param ceiling what the whole run may cost
 * @throws Error of the file system for a path that is not there
 */
export function walkTree(
  paths: readonly string[],
  options: WalkOptions = {},
  ceiling = new RunCeiling(options.limits),
): Tree {
  return new Walk(paths, options, ceiling);
}
