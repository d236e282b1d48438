import { readdirSync } from 'node:fs';
import { isLockFile } from '../dependencies/lock-files/index.ts';
import { isModelFile } from './model-file.ts';
import { joinPath, type PathBytes, shownName } from './path-bytes.ts';

/** Folders that hold what is installed and what tools keep, and nothing of a project's own. The one list of all ways of looking. */
export const PASSED_FOLDERS: ReadonlySet<string> = new Set([
  'node_modules',
  '.git',
  '.venv',
  'venv',
  'site-packages',
  '.sallyport',
]);

/** A folder that was not looked into. */
export interface SkippedFolder {
  readonly path: string;
  /** Whether the operator named it, and not the list. */
  readonly excluded: boolean;
  /** A model or a list of packages in it, or that it could not be told; null where it holds neither. */
  readonly holds: string | null;
}

const ENTRIES_MAX = 300_000;
const HEADS_MAX = 20_000;
const DEPTH_MAX = 64;
/** What git keeps of its own, below a folder that is a repository of its. */
const GIT_STORES: ReadonlySet<string> = new Set(['objects', 'lfs', 'refs', 'logs', 'index']);

/** Whether a folder called `.git` is a repository of git. */
const isRepository = (names: readonly string[]): boolean =>
  ['HEAD', 'objects', 'refs'].every((name) => names.includes(name));

/** What npm writes of what it installed. */
const INSTALLED_NOTE = /(?:^|\/)node_modules\/\.package-lock\.json$/;
/** Lock files that packages carry: no package manager reads those of an installed package. */
const CARRIED_LOCKS: ReadonlySet<string> = new Set(
  'package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb'.split(' '),
);
const INSTALLED_PACKAGE = /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*\//;
const isNote = (path: string): boolean =>
  INSTALLED_NOTE.test(path) ||
  (INSTALLED_PACKAGE.test(path) && CARRIED_LOCKS.has(path.slice(path.lastIndexOf('/') + 1)));

/** Python adds the folders that such a file names to its path; one that is a model is told by its first bytes. */
const PYTHON_PATHS = /(?:^|\/)(?:site|dist)-packages\/[^/]+\.pth$/;

/** The first model or list of packages below a folder, by name and first bytes; its links are not followed. @param own its name */
export function firstModelBelow(folder: PathBytes, own: string): string | null {
  let entries = 0;
  let heads = 0;
  const look = (path: PathBytes, shown: string, depth: number, inStore: boolean): string | null => {
    if (depth > DEPTH_MAX) return 'folders too deep to be looked into';
    let found: { name: Buffer; isFolder: boolean; isFile: boolean; isLink: boolean }[];
    try {
      found = readdirSync(path, { withFileTypes: true, encoding: 'buffer' }).map((entry) => ({
        name: entry.name as unknown as Buffer,
        isFolder: entry.isDirectory(),
        isFile: entry.isFile(),
        isLink: entry.isSymbolicLink(),
      }));
    } catch {
      return 'a folder that cannot be read';
    }
    const names = found.map(({ name }) => shownName(name));
    const repository = isRepository(names);
    for (const [at, { name, isFolder, isFile, isLink }] of found.entries()) {
      if (++entries > ENTRIES_MAX) return 'more entries than are looked at';
      const plain = names[at]!;
      const inner = shown === '' ? plain : `${shown}/${plain}`;
      const whole = `${own}/${inner}`;
      const store = inStore || (repository && GIT_STORES.has(plain));
      if (isFolder) {
        const below = look(joinPath(path, name), inner, depth + 1, store);
        if (below !== null) return below;
      } else if (isFile || isLink) {
        const told = isModelFile(
          isFile && !store ? joinPath(path, name) : null,
          isFile && PYTHON_PATHS.test(whole) ? plain.slice(0, -'.pth'.length).replaceAll('.', '-') : plain,
          () => ++heads <= HEADS_MAX,
        );
        if (told || (isLockFile(inner) && !isNote(whole))) return inner;
      }
    }
    return null;
  };
  return look(folder, '', 0, false);
}
