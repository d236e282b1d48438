import { join } from 'node:path';
import { CodedError } from '@sallyport/core';
import type { Disk } from './disk.ts';
import {
  contentPath,
  decodeBundle,
  encodeBundle,
  entriesPath,
  HASH_BYTES,
  levelCount,
  type PartialTile,
  partialTiles,
  TILE_WIDTH,
  tilePath,
} from './tile.ts';
import { CONTENT_HEADER_BYTES, readTileFile } from './tree-store.ts';

/** One file of a log as of one checkpoint. */
export interface CopiedFile {
  /** Within the folder of the log. */
  readonly path: string;
  readonly bytes: number;
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

const fullTiles = (size: number, level: number): number => Math.floor(levelCount(size, level) / TILE_WIDTH);

/** Where the whole records of leaves below `size` end in a content file; it may go on, or be torn, behind them. */
async function contentEnd(pieces: AsyncIterable<Buffer>, size: number): Promise<number> {
  let end = 0;
  let seen = 0;
  /** Where the record ends whose header was read last. */
  let next = 0;
  let header = Buffer.alloc(0);
  for await (const piece of pieces) {
    let at = Math.max(0, next - seen);
    while (at < piece.length) {
      const taken = piece.subarray(at, at + CONTENT_HEADER_BYTES - header.length);
      header = Buffer.concat([header, taken]);
      at += taken.length;
      if (header.length < CONTENT_HEADER_BYTES) break;
      if (Number(header.readBigUInt64BE()) >= size) return end;
      next = seen + at + header.readUInt32BE(8);
      header = Buffer.alloc(0);
      if (next > seen + piece.length) break;
      end = next;
      at = next - seen;
    }
    seen += piece.length;
    if (header.length === 0 && next > end && next <= seen) end = next;
  }
  return end;
}

async function* firstBytes(pieces: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const piece of pieces) {
    yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) return;
  }
}

/** A partial file; where the tile has been filled meanwhile, what it began with. */
async function partialOf(
  folder: string,
  disk: Disk,
  { path, width, level }: PartialTile,
): Promise<Uint8Array> {
  const file = await readTileFile(folder, path, width, disk);
  if (level !== null) return file.subarray(0, width * HASH_BYTES);
  const entries = decodeBundle(file);
  if (!entries) throw new CodedError('ledger-corrupt', `\`${path(width)}\` is cut short`);
  return encodeBundle(entries.slice(0, width));
}

/**
 * Every file of a log of `size` entries, while it grows: tiles, entries, sealed content, the checkpoint last. A log
 * opens from them, and verifies.
 * @param note the checkpoint, signed
 * @param since entries of an earlier copy: full tiles that it has are left out
 */
export async function* copyLog(
  folder: string,
  disk: Disk,
  size: number,
  note: string,
  since = 0,
): AsyncGenerator<CopiedFile> {
  const whole = (path: string, content: Uint8Array): CopiedFile => ({
    path,
    bytes: content.length,
    pieces: [content],
  });
  const full = async (path: (width: number) => string): Promise<CopiedFile> =>
    whole(path(TILE_WIDTH), await readTileFile(folder, path, TILE_WIDTH, disk));
  for (let n = Math.floor(since / TILE_WIDTH); n < Math.ceil(size / TILE_WIDTH); n++) {
    if ((n + 1) * TILE_WIDTH <= size) yield await full((width) => entriesPath(n, width));
    const path = join(folder, contentPath(n));
    if (!disk.exists(path)) continue;
    const bytes = await contentEnd(disk.pieces(path), size);
    yield { path: contentPath(n), bytes, pieces: firstBytes(disk.pieces(path), bytes) };
  }
  for (let level = 0; levelCount(size, level) > 0; level++)
    for (let n = fullTiles(since, level); n < fullTiles(size, level); n++)
      yield await full((width) => tilePath(level, n, width));
  for (const partial of partialTiles(size))
    yield whole(partial.path(partial.width), await partialOf(folder, disk, partial));
  yield whole('checkpoint', Buffer.from(note));
}
