import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@sallyport/core';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { realDisk } from './disk.ts';
import { Journal } from './journal.ts';
import { CompactRange, leafHash, rootOf } from './merkle.ts';
import { decodeBundle, decodeTile, entriesPath, levelCount, TILE_WIDTH, tilePath } from './tile.ts';
import { readTileFile } from './tree-store.ts';
import { parseVerifierKey, type VerifierKey } from './verifier-key.ts';

/** One thing that is wrong with a log, and where. */
export interface LedgerProblem {
  /** File within the ledger folder. */
  readonly file: string;
  /** Number of the entry, where one can be named. */
  readonly entry: number | null;
  readonly message: string;
}

/** What verification found. */
export interface LedgerReport {
  readonly ok: boolean;
  /** Entries under the newest checkpoint. */
  readonly size: number;
  /** Base64. */
  readonly rootHash: string;
  readonly problems: readonly LedgerProblem[];
  /** Entries durable in the journal that no checkpoint covers yet. */
  readonly pending: number;
}

/** Sees the entries of a log in order as they are verified: those under the checkpoint, then those of the journal. */
export interface EntryVisitor {
  /** The log is read from its beginning: whatever was seen before is void. @param size entries under the checkpoint */
  begin(size: number): void;
  /** @param payload sealed content of an entry of the journal; that of others lies in `content/` */
  entry(index: number, leaf: Buffer, payload: Uint8Array | null): Promise<void> | void;
}

const PROBLEMS_MAX = 100;
const ATTEMPTS_MAX = 5;

/**
 * Recomputes a whole log from its files: every leaf, every tile, the root, the signatures; needs the public keys
 * and nothing else.
 * @param verifierKeys the newest checkpoint must be signed by each of them, earlier ones by the first
 * @param given earlier checkpoints (signed notes), such as one kept elsewhere: the log must extend each of them
 * @param visitor sees each entry
 */
export async function verifyLedger(
  folder: string,
  verifierKeys: string | readonly string[],
  given: readonly string[] = [],
  onProgress: (done: number, size: number) => void = () => {},
  visitor: EntryVisitor | null = null,
): Promise<LedgerReport> {
  let keys: readonly VerifierKey[];
  try {
    keys = (typeof verifierKeys === 'string' ? [verifierKeys] : verifierKeys).map(parseVerifierKey);
  } catch (fault) {
    const problem = { file: 'verifier.key', entry: null, message: (fault as Error).message };
    return { ok: false, size: 0, rootHash: '', problems: [problem], pending: 0 };
  }
  for (let attempt = 1; ; attempt++) {
    const before = realDisk.readNow(join(folder, 'checkpoint'))?.toString();
    const report = await verifyOnce(folder, keys, given, onProgress, visitor);
    // A running server replaces partial tiles as the log grows: then what was read was a mixture, so read again.
    const moved = realDisk.readNow(join(folder, 'checkpoint'))?.toString() !== before;
    if (report.ok || !moved || attempt === ATTEMPTS_MAX) return report;
  }
}

async function verifyOnce(
  folder: string,
  keys: readonly VerifierKey[],
  given: readonly string[],
  onProgress: (done: number, size: number) => void,
  visitor: EntryVisitor | null,
): Promise<LedgerReport> {
  const problems: LedgerProblem[] = [];
  const report = (file: string, entry: number | null, message: string): void => {
    if (problems.length < PROBLEMS_MAX) problems.push({ file, entry, message });
  };
  const wanted: Checkpoint[] = [];
  given.forEach((note, i) => {
    try {
      wanted.push(openCheckpoint(note, ...keys.slice(0, 1)));
    } catch (fault) {
      report(`given checkpoint ${i + 1}`, null, (fault as Error).message);
    }
  });
  const newest = readCheckpoint(folder, keys, report);
  if (!newest) return { ok: false, size: 0, rootHash: '', problems, pending: 0 };
  if (newest.origin !== keys[0]!.name)
    report('checkpoint', null, `the log calls itself \`${newest.origin}\`, and its key \`${keys[0]!.name}\``);
  for (const checkpoint of wanted) {
    if (checkpoint.origin !== newest.origin)
      report('checkpoint', null, `the given checkpoint is of another log, \`${checkpoint.origin}\``);
    if (checkpoint.size > newest.size) {
      report(
        'checkpoint',
        newest.size,
        `the log was cut: it has ${newest.size} entries, the given checkpoint ${checkpoint.size}`,
      );
    }
  }
  visitor?.begin(newest.size);
  const roots = await recompute(
    folder,
    newest.size,
    wanted.map((item) => item.size),
    report,
    onProgress,
    visitor,
  );
  if (!roots.get(newest.size)?.equals(newest.root)) {
    report('checkpoint', null, 'the entries do not lead to the root of the newest checkpoint');
  }
  for (const checkpoint of wanted) {
    const root = roots.get(checkpoint.size);
    if (root && !root.equals(checkpoint.root)) {
      report(
        'checkpoint',
        null,
        `the first ${checkpoint.size} entries do not lead to the root of the given checkpoint`,
      );
    }
  }
  let pending = 0;
  try {
    const entries = Journal.recover(join(folder, 'journal'), newest.size);
    pending = entries.length;
    for (const [i, { leaf, payload }] of entries.entries())
      await visitor?.entry(newest.size + i, Buffer.from(leaf), payload);
  } catch (fault) {
    report('journal', null, (fault as Error).message);
  }
  return {
    ok: problems.length === 0,
    size: newest.size,
    rootHash: newest.root.toString('base64'),
    problems,
    pending,
  };
}

type Report = (file: string, entry: number | null, message: string) => void;

function readCheckpoint(folder: string, keys: readonly VerifierKey[], report: Report): Checkpoint | null {
  const path = join(folder, 'checkpoint');
  if (!existsSync(path)) {
    report('checkpoint', null, 'there is no checkpoint');
    return null;
  }
  try {
    return openCheckpoint(readFileSync(path, 'utf8'), ...keys);
  } catch (fault) {
    report('checkpoint', null, (fault as Error).message);
    return null;
  }
}

async function bundleOf(folder: string, n: number, width: number, report: Report): Promise<Buffer[]> {
  const path = entriesPath(n, width);
  let file: Buffer;
  try {
    file = await readTileFile(folder, (w) => entriesPath(n, w), width);
  } catch (fault) {
    const missing = fault instanceof CodedError;
    report(
      path,
      n * TILE_WIDTH,
      missing ? 'the file is missing' : `the file cannot be read: ${(fault as Error).message}`,
    );
    return [];
  }
  const entries = decodeBundle(file);
  if (!entries) report(path, n * TILE_WIDTH, 'the file is cut short or its lengths were changed');
  else if (entries.length !== width && entries.length !== TILE_WIDTH) {
    report(path, n * TILE_WIDTH + entries.length, `it holds ${entries.length} entries instead of ${width}`);
  }
  return (entries ?? []).slice(0, width);
}

async function tileOf(
  folder: string,
  level: number,
  n: number,
  width: number,
  report: Report,
): Promise<Buffer[]> {
  try {
    const tile = decodeTile(await readTileFile(folder, (w) => tilePath(level, n, w), width));
    // A partial file has as many as its name says, or was replaced by the full one.
    if (tile && (tile.length === width || tile.length === TILE_WIDTH)) return tile;
    report(tilePath(level, n, width), null, 'the file is cut short, or holds more than hashes');
    return tile ?? [];
  } catch (fault) {
    report(
      tilePath(level, n, width),
      null,
      fault instanceof CodedError ? 'the file is missing' : (fault as Error).message,
    );
    return [];
  }
}

/** Recomputes tiles level by level; gives the roots at the sizes asked for and at `size`. */
async function recompute(
  folder: string,
  size: number,
  sizes: readonly number[],
  report: Report,
  onProgress: (done: number, size: number) => void,
  visitor: EntryVisitor | null,
): Promise<Map<number, Buffer>> {
  const roots = new Map<number, Buffer>();
  const range = new CompactRange();
  if (size === 0) roots.set(0, range.root());
  let above: Buffer[] = [];
  for (let n = 0; n * TILE_WIDTH < size; n++) {
    const width = Math.min(TILE_WIDTH, size - n * TILE_WIDTH);
    const entries = await bundleOf(folder, n, width, report);
    const stored = await tileOf(folder, 0, n, width, report);
    const hashes = entries.map((entry) => leafHash(entry));
    for (let i = 0; i < width; i++) {
      const item = hashes[i] ?? stored[i] ?? Buffer.alloc(32);
      if (hashes[i] && stored[i] && !hashes[i]!.equals(stored[i]!)) {
        report(entriesPath(n, width), n * TILE_WIDTH + i, 'the entry does not match its hash in the tree');
      }
      range.push(item);
      if (sizes.includes(range.size) || range.size === size) roots.set(range.size, range.root());
    }
    if (visitor)
      for (const [i, entry] of entries.entries()) await visitor.entry(n * TILE_WIDTH + i, entry, null);
    if (width === TILE_WIDTH) above.push(rootOf(hashes.length === width ? hashes : stored.slice(0, width)));
    if (n % 64 === 0) onProgress(n * TILE_WIDTH, size);
  }
  for (let level = 1; levelCount(size, level) > 0; level++) {
    const next: Buffer[] = [];
    const count = levelCount(size, level);
    for (let n = 0; n * TILE_WIDTH < count; n++) {
      const width = Math.min(TILE_WIDTH, count - n * TILE_WIDTH);
      const stored = await tileOf(folder, level, n, width, report);
      const expected = above.slice(n * TILE_WIDTH, n * TILE_WIDTH + width);
      expected.forEach((item, i) => {
        if (!stored[i]?.equals(item))
          report(tilePath(level, n, width), null, `hash ${i} does not match the level below`);
      });
      if (width === TILE_WIDTH) next.push(rootOf(expected));
    }
    above = next;
  }
  onProgress(size, size);
  return roots;
}
