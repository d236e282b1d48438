import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { realDisk } from './disk.ts';
import { contentPath, entriesPath, TILE_WIDTH, tilePath } from './tile.ts';
import { VERIFIER_FILES } from './verifier-key.ts';
import type { LedgerProblem } from './verify.ts';

/** What lies beside the tiles of a log. */
const OWN = new Set(['checkpoint', 'checkpoint.cosigned', 'journal/spare', ...VERIFIER_FILES]);
const JOURNAL = /^journal\/\d{16}\.journal$/;
const TILE = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,4})(\d{3})(?:\.p\/(\d{1,3}))?$/;
const CONTENT = /^content\/((?:x\d{3}\/){0,4})(\d{3})$/;
/** What a write that was cut short leaves. */
const UNFINISHED = /\.new$/;
/** What a file system puts at the root of a disk. */
const OF_DISKS = 'lost+found';
const PROBLEMS_MAX = 100;

const numberOf = (groups: string, last: string): number => Number(groups.replaceAll(/[x/]/g, '') + last);

/** A tile or bundle by its name; null where no tile is called so. */
function tileOf(path: string): { pathAt: (width: number) => string; width: number } | null {
  const [, level, groups, last, partial] = TILE.exec(path) ?? [];
  if (level === undefined) return null;
  const n = numberOf(groups!, last!);
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  const pathAt = (w: number): string =>
    level === 'entries' ? entriesPath(n, w) : tilePath(Number(level), n, w);
  return pathAt(width) === path ? { pathAt, width } : null;
}

/** What is wrong with a file by its name and by those beside it; null where nothing is. */
function strayIn(folder: string, path: string, names: ReadonlySet<string>): string | null {
  if (OWN.has(path) || JOURNAL.test(path)) return null;
  const [, groups, last] = CONTENT.exec(path) ?? [];
  if (last !== undefined && contentPath(numberOf(groups!, last)) === path) return null;
  const tile = tileOf(path);
  if (!tile) return 'no file of a log is called so';
  // One of fewer hashes or entries, left behind as the log grew: what the longest has begins with it.
  for (let width = TILE_WIDTH; width > tile.width; width--) {
    if (!names.has(tile.pathAt(width))) continue;
    let [whole, part]: (Buffer | null)[] = [];
    try {
      [whole, part] = [tile.pathAt(width), path].map((name) => realDisk.readNow(join(folder, name)));
    } catch (fault) {
      return (fault as Error).message;
    }
    return !whole || !part || whole.subarray(0, part.length).equals(part)
      ? null
      : 'it is not the beginning of the tile that it became';
  }
  return null;
}

/**
 * Files in the folder of a log that are none of its own, and older forms of its tiles that say something else: nobody reads
 * them, and nothing vouches for them. While a log is written, names come and go: at rest only.
 */
export function strayFiles(folder: string): LedgerProblem[] {
  const names = new Set(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .replaceAll('\\', '/'),
      ),
  );
  const problems: LedgerProblem[] = [];
  for (const path of [...names].sort()) {
    if (problems.length >= PROBLEMS_MAX || path.startsWith(`${OF_DISKS}/`)) continue;
    const message = strayIn(folder, path.replace(UNFINISHED, ''), names);
    if (message !== null) problems.push({ file: path, entry: null, message });
  }
  return problems;
}
