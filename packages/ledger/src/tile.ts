/** Hashes in a full tile, and entries in a full bundle (tile height 8). */
export const TILE_WIDTH = 256;
/** Of one hash in a tile. */
export const HASH_BYTES = 32;

/** Tile number as path: groups of three digits, all but the last behind an `x` (C2SP tlog-tiles). */
function numberPath(n: number): string {
  let rest = Math.floor(n / 1000);
  let path = String(n % 1000).padStart(3, '0');
  while (rest > 0) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
    rest = Math.floor(rest / 1000);
  }
  return path;
}

const partial = (width: number): string => (width === TILE_WIDTH ? '' : `.p/${width}`);

/** Path of a hash tile. @param width hashes in it, 1 to 256 */
export function tilePath(level: number, n: number, width: number): string {
  return `tile/${level}/${numberPath(n)}${partial(width)}`;
}

/** Path of a bundle of entries. @param width entries in it, 1 to 256 */
export function entriesPath(n: number, width: number): string {
  return `tile/entries/${numberPath(n)}${partial(width)}`;
}

/** Path of the sealed content that belongs to a bundle of entries. */
export function contentPath(n: number): string {
  return `content/${numberPath(n)}`;
}

/** Hashes at a level in a tree of `size` leaves, of which complete ones only. */
export function levelCount(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/** A tile, or a bundle of entries, that is not full. */
export interface PartialTile {
  /** Null for a bundle of entries. */
  readonly level: number | null;
  /** Hashes or entries in it, 1 to 255. */
  readonly width: number;
  readonly path: (width: number) => string;
}

/** Every partial tile and bundle that a tree of `size` leaves has. */
export function partialTiles(size: number): PartialTile[] {
  const tiles: PartialTile[] = [];
  const bundle = Math.floor(size / TILE_WIDTH);
  if (size % TILE_WIDTH > 0)
    tiles.push({ level: null, width: size % TILE_WIDTH, path: (width) => entriesPath(bundle, width) });
  for (let level = 0; levelCount(size, level) > 0; level++) {
    const count = levelCount(size, level);
    const n = Math.floor(count / TILE_WIDTH);
    if (count % TILE_WIDTH > 0)
      tiles.push({ level, width: count % TILE_WIDTH, path: (width) => tilePath(level, n, width) });
  }
  return tiles;
}

/** Every partial file a tree of `size` leaves has. */
export const partialPaths = (size: number): string[] =>
  partialTiles(size).map(({ path, width }) => path(width));

/** A bundle of entries: each behind its length in 16 bits, big-endian. */
export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  let bytes = 0;
  for (const entry of entries) bytes += 2 + entry.length;
  const out = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const entry of entries) {
    out.writeUInt16BE(entry.length, at);
    out.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return out;
}

/** The entries of a bundle, or null when it is cut short or has bytes left over. */
export function decodeBundle(bundle: Buffer): Buffer[] | null {
  const entries: Buffer[] = [];
  let at = 0;
  while (at < bundle.length) {
    if (at + 2 > bundle.length) return null;
    const length = bundle.readUInt16BE(at);
    if (at + 2 + length > bundle.length) return null;
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

/** Splits a tile into its hashes: 1 to 256 of them, and nothing else. @returns null for any other */
export function decodeTile(tile: Buffer): Buffer[] | null {
  if (tile.length === 0 || tile.length % HASH_BYTES !== 0 || tile.length > TILE_WIDTH * HASH_BYTES)
    return null;
  const hashes: Buffer[] = [];
  for (let at = 0; at < tile.length; at += HASH_BYTES) hashes.push(tile.subarray(at, at + HASH_BYTES));
  return hashes;
}
