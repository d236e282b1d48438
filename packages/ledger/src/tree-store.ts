import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CodedError, LIMITS } from '@sallyport/core';
import { type Disk, type DiskFile, realDisk } from './disk.ts';
import { QUEUE_BYTES_MAX } from './ledger-limits.ts';
import { CompactRange } from './merkle.ts';
import {
  contentPath,
  decodeBundle,
  decodeTile,
  entriesPath,
  levelCount,
  TILE_WIDTH,
  tilePath,
} from './tile.ts';

/** How the words for a tile that is not there end. */
export const MISSING = ' is missing';
/** The longest bundle: each entry has two bytes for its length. */
const TILE_BYTES_MAX = TILE_WIDTH * (LIMITS.leafBytesMax + 2);

/** Reads a tile or bundle of at least `width` items: the partial file, or the full one that replaced it. */
export async function readTileFile(
  folder: string,
  path: (width: number) => string,
  width: number,
  disk: Disk = realDisk,
): Promise<Buffer> {
  for (const candidate of width === TILE_WIDTH ? [width] : [width, TILE_WIDTH]) {
    const file = await disk.read(join(folder, path(candidate)), TILE_BYTES_MAX);
    if (file) return file;
  }
  throw new CodedError('ledger-corrupt', `\`${path(width)}\`${MISSING}`);
}

/** Removes the partial files of a tile or bundle that is full, and durable: readers of one read the full one. */
export function removePartials(folder: string, path: string, disk: Disk): void {
  const partials = join(folder, `${path}.p`);
  if (!disk.exists(partials)) return;
  for (const name of disk.list(partials)) disk.removeNow(join(partials, name));
}

/** Makes a folder and those above it. @returns the folders whose names are new, or hold new names: to be synced */
function* foldersMade(disk: Disk, folder: string): Generator<string> {
  const first = disk.makeFolder(folder);
  if (!first) return;
  for (let at = folder; at !== dirname(first); at = dirname(at)) yield at;
  yield dirname(first);
}

/** Makes a folder that a power cut does not take away. */
export function makeDurableFolder(disk: Disk, folder: string): void {
  for (const made of foldersMade(disk, folder)) disk.syncFolderNow(made);
}

/** Writes files and forces them, and the folders that name them, to disk. */
export class DurableFiles {
  readonly #folder: string;
  readonly #disk: Disk;
  readonly #foldersToSync = new Set<string>();
  #written: { file: DiskFile; target: string; full: string }[] = [];

  constructor(folder: string, disk: Disk = realDisk) {
    this.#folder = folder;
    this.#disk = disk;
  }

  /**
   * Writes or extends one file. It is durable, and stands under its name, once {@link settle} resolves: a crash never
   * leaves a checkpoint's tile cut short.
   */
  async write(path: string, content: Uint8Array, flags: 'w' | 'a' = 'w'): Promise<void> {
    const full = join(this.#folder, path);
    const parent = dirname(full);
    if (!this.#disk.exists(parent))
      for (const one of foldersMade(this.#disk, parent)) this.#foldersToSync.add(one);
    this.#foldersToSync.add(parent);
    const target = flags === 'w' ? `${full}.new` : full;
    const file = await this.#disk.open(target, flags);
    this.#written.push({ file, target, full });
    await file.write(content);
  }

  /**
   * Makes everything written since the last call durable, under its name. Files are synced together, so that the file
   * system commits once or twice for all of them and the journal of the log waits less.
   */
  async settle(): Promise<void> {
    const written = this.#written;
    this.#written = [];
    const synced = await Promise.allSettled(written.map(({ file }) => file.sync()));
    await Promise.allSettled(written.map(({ file }) => file.close()));
    for (const one of synced) if (one.status === 'rejected') throw one.reason;
    for (const { target, full } of written) if (target !== full) await this.#disk.rename(target, full);
    const folders = [...this.#foldersToSync];
    this.#foldersToSync.clear();
    await Promise.all(folders.map((folder) => this.#disk.syncFolder(folder)));
  }

  /** Lets go of what was written and will not be settled. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#written.splice(0).map(({ file }) => file.close()));
  }
}

/** Hashes and entries at the right edge of the tree: what the next append needs. */
export interface Edge {
  /** Hashes of the incomplete tile at each level. */
  readonly levels: Buffer[][];
  /** Entries of the incomplete bundle. */
  readonly entries: Buffer[];
}

/** The tree that the incomplete tiles of all levels describe. */
export function edgeRange(levels: readonly (readonly Buffer[])[]): CompactRange {
  const range = new CompactRange();
  for (let level = levels.length - 1; level >= 0; level--) {
    for (const item of levels[level]!) range.push(item, TILE_WIDTH ** level);
  }
  return range;
}

/** Loads the right edge of a tree of `size` leaves. @throws CodedError `ledger-corrupt` */
export async function loadEdge(folder: string, size: number, disk: Disk): Promise<Edge> {
  const levels: Buffer[][] = [];
  for (let level = 0; levelCount(size, level) > 0; level++) {
    const count = levelCount(size, level);
    const width = count % TILE_WIDTH;
    const n = Math.floor(count / TILE_WIDTH);
    const tile =
      width === 0 ? [] : decodeTile(await readTileFile(folder, (w) => tilePath(level, n, w), width, disk));
    if (!tile || tile.length < width)
      throw new CodedError('ledger-corrupt', `\`${tilePath(level, n, width)}\` is cut short`);
    levels.push(tile.slice(0, width));
  }
  const width = size % TILE_WIDTH;
  const n = Math.floor(size / TILE_WIDTH);
  let entries: Buffer[] = [];
  if (width > 0) {
    const bundle = decodeBundle(await readTileFile(folder, (w) => entriesPath(n, w), width, disk));
    if (!bundle || bundle.length < width)
      throw new CodedError('ledger-corrupt', `\`${entriesPath(n, width)}\` is cut short`);
    entries = bundle.slice(0, width);
  }
  return { levels, entries };
}

/** Root over leaves `[start, end)` from tiles of a tree of `size` leaves; `start` aligned as RFC 6962 splits are. */
export async function subtreeRoot(
  folder: string,
  size: number,
  start: number,
  end: number,
  disk: Disk,
): Promise<Buffer> {
  const range = new CompactRange();
  for (let at = start; at < end; ) {
    let level = 0;
    while (at % TILE_WIDTH ** (level + 1) === 0 && at + TILE_WIDTH ** (level + 1) <= end) level++;
    const span = TILE_WIDTH ** level;
    const index = at / span;
    const n = Math.floor(index / TILE_WIDTH);
    const width = Math.min(TILE_WIDTH, levelCount(size, level) - n * TILE_WIDTH);
    const tile = decodeTile(await readTileFile(folder, (w) => tilePath(level, n, w), width, disk)) ?? [];
    const until = Math.min((n + 1) * TILE_WIDTH, Math.floor(end / span));
    for (let i = index; i < until; i++) {
      const item = tile[i - n * TILE_WIDTH];
      if (!item) throw new CodedError('ledger-corrupt', `\`${tilePath(level, n, width)}\` is cut short`);
      range.push(item, span);
    }
    at = until * span;
  }
  return range.root();
}

/** Root over the first `count` leaves of a tree of `size`. */
export const prefixRoot = (folder: string, disk: Disk, size: number, count: number): Promise<Buffer> =>
  subtreeRoot(folder, size, 0, count, disk);

/** @throws CodedError `record-rolled-back` where a tree of `size` leaves does not begin with those of a checkpoint */
export async function requirePrefix(
  folder: string,
  disk: Disk,
  size: number,
  seen: { readonly size: number; readonly root: Buffer },
): Promise<void> {
  if (seen.size <= size && (await prefixRoot(folder, disk, size, seen.size)).equals(seen.root)) return;
  throw new CodedError(
    'record-rolled-back',
    `the log does not go on from the ${seen.size} entries that its witnesses saw: it was cut, or rewritten`,
  );
}

/** Bytes of what stands before each payload of a content file. */
export const CONTENT_HEADER_BYTES = 12;

/** Records that are read of a content file: it has one for an entry at the most, and what more there is others put there. */
const CONTENT_RECORDS_MAX = 2 * TILE_WIDTH;

/** What stands before each payload of a content file: leaf number, length. */
export function contentHeader(index: number, payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(CONTENT_HEADER_BYTES);
  out.writeBigUInt64BE(BigInt(index), 0);
  out.writeUInt32BE(payload.length, 8);
  return out;
}

/**
 * What a content file holds, record by record; nothing where there is no such file. It may end torn, and ends where a
 * record says that it is longer than any is, or where there are more than there may be.
 * @param n number of the bundle of entries that it belongs to
 */
export async function* contentRecords(
  folder: string,
  n: number,
  disk: Disk = realDisk,
): AsyncGenerator<{ readonly index: number; readonly payload: Buffer }> {
  const path = join(folder, contentPath(n));
  if (!disk.exists(path)) return;
  let rest: Buffer = Buffer.alloc(0);
  let pieces: Buffer[] = [];
  let had = 0;
  let records = 0;
  /** Bytes until the next record is whole: a length may be a lie, and pieces are put together once. */
  let needed = 0;
  for await (const piece of disk.pieces(path)) {
    pieces.push(piece);
    had += piece.length;
    if (had < needed) continue;
    rest = pieces.length === 1 ? piece : Buffer.concat(pieces);
    let at = 0;
    needed = 0;
    while (at + CONTENT_HEADER_BYTES <= rest.length) {
      const length = rest.readUInt32BE(at + 8);
      if (length > QUEUE_BYTES_MAX || records++ >= CONTENT_RECORDS_MAX) return;
      const end = at + CONTENT_HEADER_BYTES + length;
      if (end > rest.length) {
        needed = end - at;
        break;
      }
      yield {
        index: Number(rest.readBigUInt64BE(at)),
        payload: rest.subarray(at + CONTENT_HEADER_BYTES, end),
      };
      at = end;
    }
    rest = rest.subarray(at);
    pieces = rest.length === 0 ? [] : [rest];
    had = rest.length;
  }
}

/** Bytes of the content file that belongs to a bundle of entries; 0 where there is none. */
export const contentBytes = (folder: string, n: number): number =>
  statSync(join(folder, contentPath(n)), { throwIfNoEntry: false })?.size ?? 0;

/** The sealed content beside leaf `index`, or null when there is none. */
export async function readContent(
  folder: string,
  index: number,
  disk: Disk = realDisk,
): Promise<Buffer | null> {
  for await (const record of contentRecords(folder, Math.floor(index / TILE_WIDTH), disk))
    if (record.index === index) return record.payload;
  return null;
}

/** Cuts a content file back to whole records of leaves below `size`, as recovery needs before it appends again. */
export function wholeContent(file: Buffer, size: number): Buffer {
  let at = 0;
  while (at + 12 <= file.length) {
    const length = file.readUInt32BE(at + 8);
    if (at + 12 + length > file.length || Number(file.readBigUInt64BE(at)) >= size) break;
    at += 12 + length;
  }
  return file.subarray(0, at);
}

/** Cuts off content that was written ahead of a checkpoint that never came: it is written again. @param size entries under the checkpoint */
export async function trimContent(folder: string, disk: Disk, size: number): Promise<void> {
  const files = new DurableFiles(folder, disk);
  for (let n = Math.floor(size / TILE_WIDTH); ; n++) {
    const file = disk.readNow(join(folder, contentPath(n)));
    if (!file) break;
    const whole = wholeContent(file, size);
    if (whole.length !== file.length) await files.write(contentPath(n), whole);
  }
  await files.settle();
}

/**
 * A content file to replace the one that a failed round left. It is cut and extended in one step: the checkpoint of
 * that round may stand on disk, and a crash must not find it without its content.
 * @param size entries under the last checkpoint
 */
export function contentAnew(
  folder: string,
  disk: Disk,
  path: string,
  size: number,
  added: Uint8Array,
): Buffer {
  const left = disk.readNow(join(folder, path)) ?? Buffer.alloc(0);
  return Buffer.concat([wholeContent(left, size), added]);
}
