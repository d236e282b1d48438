import { inflateRawSync } from 'node:zlib';
import { type ByteSource, BytesSource, SliceSource } from '../bytes/byte-source.ts';
import { bunzip2 } from '../bytes/bzip2.ts';
import { Cursor, Malformed } from '../bytes/cursor.ts';
import { DICTIONARY_BYTES_MAX, lzma, lzma2, lzma2Dictionary } from '../bytes/lzma.ts';
import { unfilterX86 } from '../bytes/x86-filter.ts';

/** One way in which a folder of a 7z archive is coded. */
interface Coder {
  readonly id: string;
  readonly properties: Uint8Array;
  readonly inputs: number;
  readonly outputs: number;
}

interface Folder {
  readonly coders: readonly Coder[];
  /** Packed streams that it takes. */
  readonly packed: number;
  /** Bytes that come out of each coder, as the header lists them. */
  sizes: number[];
  /** Which of them is what comes out of the folder. */
  readonly last: number;
  /** Members that lie in what comes out, and their sizes. */
  members: number[];
  substreams: number;
}

/** What an archive holds. */
export interface SevenZip {
  readonly members: readonly {
    readonly name: string;
    readonly folder: number;
    readonly start: number;
    readonly bytes: number;
    readonly isLink: boolean;
  }[];
  readonly folders: readonly {
    readonly source: ByteSource;
    readonly coders: readonly Coder[];
    readonly bytes: number;
    readonly several: boolean;
  }[];
}

const SIGNATURE = '377abcaf271c';
const COUNT_MAX = 1_000_000;
const HEADER_BYTES_MAX = 64 * 1024 * 1024;

/** Whether an archive begins here. */
export const isSevenZip = (head: Uint8Array): boolean =>
  Buffer.from(head.subarray(0, 6)).toString('hex') === SIGNATURE;

/** A number as 7z writes it: the first byte says how many follow. */
function number(cursor: Cursor): number {
  const first = cursor.u8();
  let mask = 0x80;
  let value = 0;
  for (let i = 0; i < 8; i++) {
    if (!(first & mask)) return value + (first & (mask - 1)) * 2 ** (8 * i);
    value += cursor.u8() * 2 ** (8 * i);
    mask >>= 1;
  }
  return value;
}

function count(cursor: Cursor): number {
  const value = number(cursor);
  if (value > COUNT_MAX) throw new Malformed(cursor.offset, 'more parts than can be');
  return value;
}

function bits(cursor: Cursor, length: number): boolean[] {
  const out: boolean[] = [];
  let byte = 0;
  for (let i = 0; i < length; i++) {
    if (i % 8 === 0) byte = cursor.u8();
    out.push((byte & (0x80 >> (i % 8))) !== 0);
  }
  return out;
}

const optionalBits = (cursor: Cursor, length: number): boolean[] =>
  cursor.u8() !== 0 ? new Array<boolean>(length).fill(true) : bits(cursor, length);

/** Coders in a row: the first gives what comes out, the last takes what is packed. @param taken which input takes an output */
function inOrder(coders: readonly Coder[], taken: ReadonlyMap<number, number>): readonly Coder[] {
  if (coders.some(({ inputs, outputs }) => inputs !== 1 || outputs !== 1)) return coders;
  const fed = new Set(taken.values());
  const row: Coder[] = [];
  for (
    let at = coders.findIndex((_, i) => !fed.has(i));
    at >= 0 && row.length <= coders.length;
    at = taken.get(at) ?? -1
  )
    row.unshift(coders[at]!);
  return row.length === coders.length ? row : coders;
}

function readFolder(cursor: Cursor): Folder {
  const coders: Coder[] = [];
  let inputs = 0;
  let outputs = 0;
  const total = count(cursor);
  if (total > 32) throw new Malformed(cursor.offset, 'too many coders');
  for (let i = 0; i < total; i++) {
    const flags = cursor.u8();
    const id = Buffer.from(cursor.bytes(flags & 15)).toString('hex');
    const [own, gives] = flags & 0x10 ? [count(cursor), count(cursor)] : [1, 1];
    const properties = flags & 0x20 ? cursor.bytes(count(cursor)) : new Uint8Array(0);
    coders.push({ id, properties, inputs: own, outputs: gives });
    inputs += own;
    outputs += gives;
  }
  const taken = new Map<number, number>();
  for (let i = 0; i < outputs - 1; i++) {
    const input = number(cursor);
    taken.set(number(cursor), input);
  }
  const packed = inputs - (outputs - 1);
  if (packed > 1) for (let i = 0; i < packed; i++) number(cursor);
  return {
    coders: inOrder(coders, taken),
    packed,
    sizes: new Array<number>(outputs).fill(0),
    last: coders.findIndex((_, i) => !taken.has(i)),
    members: [],
    substreams: 1,
  };
}

interface Streams {
  packStart: number;
  packSizes: number[];
  folders: Folder[];
}

function skipDigests(cursor: Cursor, length: number): void {
  const defined = optionalBits(cursor, length);
  cursor.skip(4 * defined.filter(Boolean).length);
}

function readStreams(cursor: Cursor): Streams {
  const streams: Streams = { packStart: 0, packSizes: [], folders: [] };
  for (let id = number(cursor); id !== 0; id = number(cursor)) {
    if (id === 6) {
      streams.packStart = number(cursor);
      const total = count(cursor);
      for (let inner = number(cursor); inner !== 0; inner = number(cursor)) {
        if (inner === 9) for (let i = 0; i < total; i++) streams.packSizes.push(number(cursor));
        else if (inner === 10) skipDigests(cursor, total);
        else throw new Malformed(cursor.offset, 'a header that is not known');
      }
    } else if (id === 7) {
      if (number(cursor) !== 11) throw new Malformed(cursor.offset, 'no folders where they must be');
      const total = count(cursor);
      if (cursor.u8() !== 0) throw new Malformed(cursor.offset, 'folders that lie elsewhere');
      for (let i = 0; i < total; i++) streams.folders.push(readFolder(cursor));
      for (let inner = number(cursor); inner !== 0; inner = number(cursor)) {
        if (inner === 12)
          for (const folder of streams.folders) folder.sizes = folder.sizes.map(() => number(cursor));
        else if (inner === 10) skipDigests(cursor, total);
        else throw new Malformed(cursor.offset, 'a header that is not known');
      }
    } else if (id === 8) readSubstreams(cursor, streams);
    else throw new Malformed(cursor.offset, 'a header that is not known');
  }
  return streams;
}

function readSubstreams(cursor: Cursor, { folders }: Streams): void {
  let id = number(cursor);
  if (id === 13) {
    for (const folder of folders) folder.substreams = count(cursor);
    id = number(cursor);
  }
  for (const folder of folders) {
    let left = folder.sizes[folder.last] ?? 0;
    for (let i = 0; i < folder.substreams - 1; i++) {
      const size = id === 9 ? number(cursor) : 0;
      folder.members.push(size);
      left -= size;
    }
    if (folder.substreams > 0) folder.members.push(Math.max(0, left));
  }
  if (id === 9) id = number(cursor);
  while (id !== 0) {
    if (id !== 10) throw new Malformed(cursor.offset, 'a header that is not known');
    skipDigests(
      cursor,
      folders.reduce((sum, { substreams }) => sum + substreams, 0),
    );
    id = number(cursor);
  }
}

/** Codings that are undone here; all others make the archive incomplete. */
export type Undone = { readonly bytes: Generator<Uint8Array> } | { readonly refused: string };

/** What comes out of a folder: its coders, the last packed first. */
export function undo(source: ByteSource, coders: readonly Coder[], bytes: number): Undone {
  if (coders.some(({ id }) => id === '06f10701')) return { refused: 'is encrypted' };
  const plain = coders.filter(({ id }) => id !== '00');
  if (plain.length === 0)
    return {
      bytes: (function* () {
        for (let at = 0; at < source.size; at += 65_536) yield source.read(at, 65_536);
      })(),
    };
  // The last takes what is packed; those before it take what the next gives.
  let bytesOut: Generator<Uint8Array> | null = null;
  for (const coder of [...plain].reverse()) {
    const next = undoOne(bytesOut, source, coder, bytes);
    if (next === null)
      return {
        refused: `is coded in a way that is not undone here (${plain.map(({ id }) => id).join(', ')})`,
      };
    bytesOut = next;
  }
  return { bytes: bytesOut! };
}

/** Undoes one coding: of what is packed, or of what another coding gave. `null` for one that is not known. */
function undoOne(
  from: Generator<Uint8Array> | null,
  source: ByteSource,
  { id, properties, inputs }: Coder,
  bytes: number,
): Generator<Uint8Array> | null {
  if (inputs !== 1) return null;
  if (from !== null)
    return id === '03030103' || id === '04'
      ? unfilterX86(from)
      : id === '03'
        ? undelta(from, (properties[0] ?? 0) + 1)
        : null;
  const cursor = new Cursor(source);
  if (id === '030101')
    return lzma(cursor, properties[0] ?? 0, new Cursor(new BytesSource(properties), 1).u32(), bytes);
  if (id === '21') return lzma2(cursor, Math.min(lzma2Dictionary(properties[0] ?? 0), DICTIONARY_BYTES_MAX));
  if (id === '040202') return bunzip2(source);
  if (id === '040108') return inflate(source);
  return null;
}

const DEFLATED_BYTES_MAX = 64 * 1024 * 1024;
const INFLATED_BYTES_MAX = 256 * 1024 * 1024;

/** Deflate, in one go: what is larger is not read. @throws Malformed */
function* inflate(source: ByteSource): Generator<Uint8Array> {
  if (source.size > DEFLATED_BYTES_MAX) throw new Malformed(0, 'more deflated bytes than are read');
  try {
    yield inflateRawSync(source.read(0, source.size), { maxOutputLength: INFLATED_BYTES_MAX });
  } catch {
    throw new Malformed(0, 'bytes that are not deflated');
  }
}

/** Differences between bytes `distance` apart, added up. */
function* undelta(from: Generator<Uint8Array>, distance: number): Generator<Uint8Array> {
  const before = new Uint8Array(distance);
  let at = 0;
  for (const piece of from) {
    const out = piece.slice();
    for (let i = 0; i < out.length; i++) {
      out[i] = (out[i]! + before[at]!) & 255;
      before[at] = out[i]!;
      at = (at + 1) % distance;
    }
    yield out;
  }
}

function readNames(cursor: Cursor, files: number): string[] {
  const names: string[] = [];
  for (let i = 0; i < files; i++) {
    const units: number[] = [];
    for (let unit = cursor.u16(); unit !== 0; unit = cursor.u16()) units.push(unit);
    names.push(String.fromCharCode(...units.slice(0, 4096)));
  }
  return names;
}

/** Reads the header of a 7z archive (7-Zip, `7zFormat.txt`). @throws Truncated, Malformed */
export function readSevenZip(source: ByteSource): SevenZip | { readonly refused: string } {
  const start = new Cursor(source, 12);
  const next = start.u64();
  const length = start.u64();
  if (length > HEADER_BYTES_MAX) return { refused: 'has a header that is longer than is read' };
  if (length === 0) return { members: [], folders: [] };
  let cursor = new Cursor(new SliceSource(source, 32 + next, 32 + next + length));
  for (let nested = 0; ; nested++) {
    const id = number(cursor);
    if (id === 1) break;
    if (id !== 23 || nested > 4) throw new Malformed(cursor.offset, 'a header that is not known');
    const streams = readStreams(cursor);
    const folder = streams.folders[0];
    if (!folder) throw new Malformed(cursor.offset, 'a header that lies nowhere');
    const packed = new SliceSource(
      source,
      32 + streams.packStart,
      32 + streams.packStart + (streams.packSizes[0] ?? 0),
    );
    const undone = undo(packed, folder.coders, folder.sizes[folder.last] ?? 0);
    if ('refused' in undone) return { refused: `has a header that ${undone.refused}` };
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for (const piece of undone.bytes) {
      bytes += piece.length;
      if (bytes > HEADER_BYTES_MAX) return { refused: 'has a header that is longer than is read' };
      pieces.push(piece);
    }
    cursor = new Cursor(new BytesSource(Buffer.concat(pieces)));
  }
  return readHeader(source, cursor);
}

function readHeader(source: ByteSource, cursor: Cursor): SevenZip {
  let streams: Streams = { packStart: 0, packSizes: [], folders: [] };
  let names: string[] = [];
  let empty: boolean[] = [];
  let links: boolean[] = [];
  for (let id = number(cursor); id !== 0; id = number(cursor)) {
    if (id === 2) {
      for (let inner = number(cursor); inner !== 0; inner = number(cursor)) cursor.skip(number(cursor));
    } else if (id === 4) streams = readStreams(cursor);
    else if (id === 5) {
      const files = count(cursor);
      for (let property = number(cursor); property !== 0; property = number(cursor)) {
        const size = number(cursor);
        const end = cursor.offset + size;
        if (property === 14) empty = bits(cursor, files);
        else if (property === 17) {
          cursor.skip(1);
          names = readNames(cursor, files);
        } else if (property === 21) {
          const defined = optionalBits(cursor, files);
          cursor.skip(1);
          // The upper half holds the Unix mode, where bit 15 says so.
          links = defined.map((is) => is && ((cursor.u32() >>> 16) & 0o170000) === 0o120000);
        }
        cursor.offset = end;
      }
    } else throw new Malformed(cursor.offset, 'a header that is not known');
  }
  let at = 32 + streams.packStart;
  let stream = 0;
  const folders = streams.folders.map((folder) => {
    const begin = at;
    for (let i = 0; i < folder.packed; i++) at += streams.packSizes[stream++] ?? 0;
    if (folder.members.length === 0 && folder.substreams > 0)
      folder.members = [folder.sizes[folder.last] ?? 0];
    return {
      source: new SliceSource(source, begin, at),
      coders: folder.coders,
      bytes: folder.sizes[folder.last] ?? 0,
      several: folder.packed > 1,
    };
  });
  const places = streams.folders.flatMap(({ members }, folder) => {
    let from = 0;
    return members.map((bytes) => {
      const place = { folder, start: from, bytes };
      from += bytes;
      return place;
    });
  });
  const withContent = names.map((name, i) => ({ name, isLink: links[i] ?? false, empty: empty[i] ?? false }));
  let taken = 0;
  const members = withContent.map(({ name, isLink, empty: isEmpty }) => ({
    name,
    isLink,
    ...(isEmpty
      ? { folder: -1, start: 0, bytes: 0 }
      : (places[taken++] ?? { folder: -1, start: 0, bytes: 0 })),
  }));
  // What no name is left for is unpacked under the name of the archive.
  for (const [index, place] of places.entries())
    if (index >= taken) members.push({ name: `@${index}`, isLink: false, ...place });
  return { members, folders };
}
