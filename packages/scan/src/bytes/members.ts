import type { ByteSource } from './byte-source.ts';

/** Codecs of which a file may hold several members, one behind another: readers join what comes out of them. */
type Joined = 'gzip' | 'zlib' | 'zstd' | 'lz4';

const LOOK_BYTES = 64 * 1024;
/** Frames that are passed over before something else must come. */
const SKIPPED_MAX = 10_000;

const startsAt = (source: ByteSource, at: number, ...bytes: readonly number[]): boolean => {
  const head = source.read(at, bytes.length);
  return head.length === bytes.length && bytes.every((byte, i) => head[i] === byte);
};

/** Whether a stream of zlib without a dictionary begins with two bytes (RFC 1950). */
export const isZlib = (first: number, second: number): boolean =>
  first === 0x78 && (first * 256 + second) % 31 === 0 && (second & 0x20) === 0;

/** The same with a window of any size, as `zlib.decompress` of Python takes it. */
export const beginsZlib = (first: number, second: number): boolean =>
  (first & 15) === 8 && first >> 4 <= 7 && (first * 256 + second) % 31 === 0 && (second & 0x20) === 0;

/** Behind zeros: where they are padding, readers pass over them. */
export function behindZeros(source: ByteSource, from: number): number {
  for (let at = from; at < source.size; at += LOOK_BYTES) {
    const piece = source.read(at, LOOK_BYTES);
    const found = piece.findIndex((byte) => byte !== 0);
    if (found >= 0) return at + found;
  }
  return source.size;
}

/** Behind frames that hold nothing for a reader (RFC 8878, 3.1.2; LZ4 has the same). */
function behindSkippable(source: ByteSource, from: number): number {
  let at = from;
  for (let frames = 0; frames < SKIPPED_MAX; frames++) {
    const head = source.read(at, 8);
    if (
      head.length < 8 ||
      (head[0]! & 0xf0) !== 0x50 ||
      head[1] !== 0x2a ||
      head[2] !== 0x4d ||
      head[3] !== 0x18
    )
      break;
    at += 8 + new DataView(head.buffer, head.byteOffset).getUint32(4, true);
  }
  return at;
}

/** Whether nothing but padding, and frames that hold nothing, comes from an offset on. */
export const isPadding = (codec: Joined, source: ByteSource, from: number): boolean =>
  behindZeros(
    source,
    codec === 'zstd' || codec === 'lz4' ? Math.min(source.size, behindSkippable(source, from)) : from,
  ) === source.size;

/** Where a member begins at or behind an offset; null where there is none. */
export function memberFrom(codec: Joined, source: ByteSource, from: number): number | null {
  if (codec === 'gzip') {
    const at = behindZeros(source, from);
    return startsAt(source, at, 0x1f, 0x8b) ? at : null;
  }
  if (codec === 'zlib') {
    const [first = 0, second = 0] = source.read(from, 2);
    return isZlib(first, second) ? from : null;
  }
  const at = behindSkippable(source, from);
  const magic = codec === 'zstd' ? [0x28, 0xb5, 0x2f, 0xfd] : [0x04, 0x22, 0x4d, 0x18];
  return startsAt(source, at, ...magic) ? at : null;
}
