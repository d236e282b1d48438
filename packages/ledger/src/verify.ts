import { join } from 'node:path';
import { CodedError } from '@sallyport/core';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { linkedDisk } from './disk.ts';
import { Journal, type JournalSigner } from './journal.ts';
import { CompactRange, leafHash, rootOf } from './merkle.ts';
import { decodeBundle, decodeTile, entriesPath, levelCount, TILE_WIDTH, tilePath } from './tile.ts';
import { MISSING, readTileFile } from './tree-store.ts';
import type { VerifiedBundles } from './verified-bundles.ts';
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
  /** Those among them that were not shown to any audit: no key was at hand that says who wrote them. */
  readonly unauthenticated: number;
}

/** Sees the entries of a log in order as they are verified: those under the checkpoint, then those of the journal where these are authenticated. */
export interface EntryVisitor {
  /** The log is read from its beginning: whatever was seen before is void. @param size entries under the checkpoint */
  begin(size: number): void;
  /** @param payload sealed content of an entry of the journal; that of others lies in `content/` */
  entry(index: number, leaf: Buffer, payload: Uint8Array | null): Promise<void> | void;
  /** Whether a bundle that was verified before is read and shown all the same. */
  wants?(bundle: number): Promise<boolean> | boolean;
  /** A bundle was verified before, and is not shown again. */
  passed?(bundle: number): void;
  /** The journal says that it holds so many entries more, and nothing says who wrote them: they are not shown. */
  withheld?(entries: number): void;
}

/** How a process that runs for long verifies again and again. */
export interface Reverifying {
  /** What it verified before. */
  readonly known: VerifiedBundles;
  /** Ends the run: it throws the reason. */
  readonly signal?: AbortSignal;
  /** Called when a bundle was read: lets others go first. */
  readonly rest?: () => Promise<void>;
}

/** A checkpoint that comes from where no one else writes, so that its signature is not asked for. */
export interface BelievedCheckpoint extends Checkpoint {
  /** What a problem calls it, such as `the given checkpoint`. */
  readonly called: string;
}

const PROBLEMS_MAX = 100;
const ATTEMPTS_MAX = 5;
/** Bytes of a file with a checkpoint, at most: it has few lines. */
export const NOTE_BYTES_MAX = 1024 * 1024;

/**
 * Recomputes a whole log from its files: every leaf, every tile, the root, the signatures; needs the public keys
 * and nothing else.
 * @param verifierKeys the newest checkpoint must be signed by each of them, earlier ones by the first
 * @param given earlier checkpoints, such as one kept elsewhere: signed notes, or such as are believed as they are; the log must
 *   extend each of them
 * @param visitor sees each entry
 * @param again leaves out what was verified before and has not changed; not with `given`
 * @param signers who may have written the journal; null where only public keys are at hand: then its entries are counted,
 * and shown to no audit, since anyone who writes to the folder can put them there
 */
export async function verifyLedger(
  folder: string,
  verifierKeys: string | readonly string[],
  given: readonly (string | BelievedCheckpoint)[] = [],
  onProgress: (done: number, size: number) => void = () => {},
  visitor: EntryVisitor | null = null,
  again: Reverifying | null = null,
  signers: readonly JournalSigner[] | null = null,
): Promise<LedgerReport> {
  let keys: readonly VerifierKey[];
  try {
    keys = (typeof verifierKeys === 'string' ? [verifierKeys] : verifierKeys).map(parseVerifierKey);
  } catch (fault) {
    const problem = { file: 'verifier.key', entry: null, message: (fault as Error).message };
    return { ok: false, size: 0, rootHash: '', problems: [problem], pending: 0, unauthenticated: 0 };
  }
  for (let attempt = 1; ; attempt++) {
    const before = noteIn(folder);
    const report = await verifyOnce(folder, keys, given, onProgress, visitor, again, signers);
    // A running server replaces the checkpoint and fills tiles: then what was read was a mixture, so read again.
    const moved = noteIn(folder) !== before;
    if (report.ok || !moved || attempt === ATTEMPTS_MAX) return report;
  }
}

/** The checkpoint as it lies there; null where it cannot be read, which is told by {@link readCheckpoint}. */
function noteIn(folder: string): string | null {
  try {
    return linkedDisk.readNow(join(folder, 'checkpoint'), NOTE_BYTES_MAX)?.toString() ?? null;
  } catch {
    return null;
  }
}

async function verifyOnce(
  folder: string,
  keys: readonly VerifierKey[],
  given: readonly (string | BelievedCheckpoint)[],
  onProgress: (done: number, size: number) => void,
  visitor: EntryVisitor | null,
  again: Reverifying | null,
  signers: readonly JournalSigner[] | null,
): Promise<LedgerReport> {
  const problems: LedgerProblem[] = [];
  const report = (file: string, entry: number | null, message: string): void => {
    if (problems.length < PROBLEMS_MAX) problems.push({ file, entry, message });
  };
  const wanted: BelievedCheckpoint[] = [];
  given.forEach((one, i) => {
    try {
      if (typeof one !== 'string') wanted.push(one);
      else wanted.push({ ...openCheckpoint(one, ...keys.slice(0, 1)), called: 'the given checkpoint' });
    } catch (fault) {
      report(`given checkpoint ${i + 1}`, null, (fault as Error).message);
    }
  });
  const newest = readCheckpoint(folder, keys, report);
  if (!newest) return { ok: false, size: 0, rootHash: '', problems, pending: 0, unauthenticated: 0 };
  if (newest.origin !== keys[0]!.name)
    report('checkpoint', null, `the log calls itself \`${newest.origin}\`, and its key \`${keys[0]!.name}\``);
  for (const checkpoint of wanted) {
    if (checkpoint.origin !== newest.origin)
      report('checkpoint', null, `${checkpoint.called} is of another log, \`${checkpoint.origin}\``);
    if (checkpoint.size > newest.size) {
      report(
        'checkpoint',
        newest.size,
        `the log was cut: it has ${newest.size} entries, ${checkpoint.called} ${checkpoint.size}`,
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
    again,
  );
  if (!roots.get(newest.size)?.equals(newest.root)) {
    again?.known.clear();
    report('checkpoint', null, 'the entries do not lead to the root of the newest checkpoint');
  }
  for (const checkpoint of wanted) {
    const root = roots.get(checkpoint.size);
    if (root && !root.equals(checkpoint.root)) {
      report(
        'checkpoint',
        null,
        `the first ${checkpoint.size} entries do not lead to the root of ${checkpoint.called}`,
      );
    }
  }
  let pending = 0;
  try {
    const entries = Journal.recover(join(folder, 'journal'), newest.size, signers);
    pending = entries.length;
    if (signers === null) visitor?.withheld?.(pending);
    else
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
    unauthenticated: signers === null ? pending : 0,
  };
}

type Report = (file: string, entry: number | null, message: string) => void;

function readCheckpoint(folder: string, keys: readonly VerifierKey[], report: Report): Checkpoint | null {
  try {
    const note = linkedDisk.readNow(join(folder, 'checkpoint'), NOTE_BYTES_MAX);
    if (note) return openCheckpoint(note, ...keys);
    report('checkpoint', null, 'there is no checkpoint');
    return null;
  } catch (fault) {
    report('checkpoint', null, (fault as Error).message);
    return null;
  }
}

/** Why a tile was not read. */
function unreadWords(fault: unknown): string {
  const { message } = fault as Error;
  const isMissing = fault instanceof CodedError && message.endsWith(MISSING);
  return isMissing ? 'the file is missing' : `the file cannot be read: ${message}`;
}

async function bundleOf(folder: string, n: number, width: number, report: Report): Promise<Buffer[]> {
  const path = entriesPath(n, width);
  let file: Buffer;
  try {
    file = await readTileFile(folder, (w) => entriesPath(n, w), width, linkedDisk);
  } catch (fault) {
    report(path, n * TILE_WIDTH, unreadWords(fault));
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
    const tile = decodeTile(await readTileFile(folder, (w) => tilePath(level, n, w), width, linkedDisk));
    // A partial file has as many as its name says, or was replaced by the full one.
    if (tile && (tile.length === width || tile.length === TILE_WIDTH)) return tile;
    report(tilePath(level, n, width), null, 'the file is cut short, or holds more than hashes');
    return tile ?? [];
  } catch (fault) {
    report(tilePath(level, n, width), null, unreadWords(fault));
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
  again: Reverifying | null,
): Promise<Map<number, Buffer>> {
  const roots = new Map<number, Buffer>();
  const range = new CompactRange();
  if (size === 0) roots.set(0, range.root());
  let above: Buffer[] = [];
  again?.known.begin();
  for (let n = 0; n * TILE_WIDTH < size; n++) {
    again?.signal?.throwIfAborted();
    const width = Math.min(TILE_WIDTH, size - n * TILE_WIDTH);
    const marks = again && width === TILE_WIDTH ? await again.known.marks(folder, n) : null;
    const known = again?.known.rootOf(n, marks) ?? null;
    if (known && !(await visitor?.wants?.(n))) {
      range.push(known, TILE_WIDTH);
      if (range.size === size) roots.set(size, range.root());
      above.push(known);
      visitor?.passed?.(n);
      if (n % 64 === 0) onProgress(n * TILE_WIDTH, size);
      continue;
    }
    let isRight = true;
    const entries = await bundleOf(folder, n, width, report);
    const stored = await tileOf(folder, 0, n, width, report);
    const hashes = entries.map((entry) => leafHash(entry));
    for (let i = 0; i < width; i++) {
      const item = hashes[i] ?? stored[i] ?? Buffer.alloc(32);
      if (!hashes[i] || !stored[i]) isRight = false;
      else if (!hashes[i]!.equals(stored[i]!)) {
        isRight = false;
        report(entriesPath(n, width), n * TILE_WIDTH + i, 'the entry does not match its hash in the tree');
      }
      range.push(item);
      if (sizes.includes(range.size) || range.size === size) roots.set(range.size, range.root());
    }
    if (visitor)
      for (const [i, entry] of entries.entries()) await visitor.entry(n * TILE_WIDTH + i, entry, null);
    if (width === TILE_WIDTH) above.push(rootOf(hashes.length === width ? hashes : stored.slice(0, width)));
    if (again) {
      again.known.read += width;
      if (isRight && marks !== null) again.known.keep(n, marks, above.at(-1)!);
      else again.known.forget(n);
      await again.rest?.();
    }
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
