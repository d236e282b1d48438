import { type ByteSource, SliceSource } from '../bytes/byte-source.ts';
import { Truncated } from '../bytes/cursor.ts';

/** One member of a tape archive. */
export interface TarMember {
  readonly name: string;
  /** `0` a file, `1` a hard link, `2` a symbolic link, `3` `4` devices, `5` a folder, `6` a pipe. */
  readonly type: string;
  readonly link: string;
  /** Permissions. */
  readonly mode: number;
  /** Whether it has holes: what it holds is not what is unpacked of it. */
  readonly isSparse: boolean;
  /** Whether it lies behind what ends the archive for some readers. */
  readonly isBehindEnd: boolean;
  /** Of its header. */
  readonly offset: number;
  readonly bodyOffset: number;
  readonly source: ByteSource;
}

const BLOCK = 512;
const NAME_BYTES_MAX = 65_536;

function field(block: Uint8Array, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return Buffer.from(block.subarray(start, end >= 0 && end < start + length ? end : start + length)).toString(
    'utf8',
  );
}

/** A size: octal, or binary where the first bit says so. */
function number(block: Uint8Array, start: number, length: number): number {
  if (block[start]! & 0x80) {
    let value = block[start]! & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + block[start + i]!;
    return value;
  }
  const text = field(block, start, length).trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : text === '' ? 0 : Number.NaN;
}

/** Whether the sum in a header is right. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  const said = number(block, 148, 8);
  if (!Number.isFinite(said) || said === 0) return false;
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : block[i]!;
  return sum === said;
}

/** What extended headers say of a member. */
interface Extended {
  name?: string;
  link?: string;
  size?: number;
  sparse?: boolean;
}

function extend(into: Extended, records: Iterable<[string, string]>): void {
  for (const [key, value] of records) {
    if (key === 'path') into.name = value;
    if (key === 'linkpath') into.link = value;
    if (key === 'size' && /^\d+$/.test(value)) into.size = Number(value);
    if (key.startsWith('GNU.sparse.')) into.sparse = true;
  }
}

/**
 * Members of an archive in the ustar, GNU and pax formats, one after another.
 * @param globals whether a header for all further members changes their names, as it does for Python; Go leaves it aside
 * @throws Truncated
 */
export function* readTar(source: ByteSource, globals = true): Generator<TarMember> {
  let at = 0;
  let empty = 0;
  let isBehindEnd = false;
  const all: Extended = {};
  let own: Extended = {};
  while (at + BLOCK <= source.size) {
    const block = source.read(at, BLOCK);
    if (block.every((byte) => byte === 0)) {
      // Some readers end at two of these, others look on.
      at += BLOCK;
      isBehindEnd ||= ++empty >= 2;
      continue;
    }
    empty = 0;
    if (!isTarHeader(block)) {
      at += BLOCK;
      continue;
    }
    const type = String.fromCharCode(block[156]!) === '\0' ? '0' : String.fromCharCode(block[156]!);
    const stated = number(block, 124, 12);
    const isHeader = type === 'x' || type === 'g';
    const bytes: number = isHeader ? stated : (own.size ?? all.size ?? stated);
    if (!(bytes >= 0)) throw new Truncated(at);
    const body = at + BLOCK;
    const next = body + Math.ceil(bytes / BLOCK) * BLOCK;
    if (type === 'L' || type === 'K') {
      const text = field(source.read(body, Math.min(bytes, NAME_BYTES_MAX)), 0, bytes);
      if (type === 'L') own.name = text;
      else own.link = text;
    } else if (isHeader) {
      if (type === 'x' || globals)
        extend(type === 'x' ? own : all, paxRecords(source.read(body, Math.min(bytes, NAME_BYTES_MAX))));
    } else {
      const prefix = field(block, 257, 5) === 'ustar' ? field(block, 345, 155) : '';
      const short = field(block, 0, 100);
      yield {
        name: own.name ?? all.name ?? (prefix === '' ? short : `${prefix}/${short}`),
        type,
        link: own.link ?? all.link ?? field(block, 157, 100),
        mode: number(block, 100, 8) || 0,
        isSparse: type === 'S' || own.sparse === true || all.sparse === true,
        isBehindEnd,
        offset: at,
        bodyOffset: body,
        source: new SliceSource(source, body, body + bytes),
      };
      if (body + bytes > source.size) throw new Truncated(source.size);
      own = {};
    }
    at = Math.max(next, at + BLOCK);
  }
}

function* paxRecords(bytes: Uint8Array): Generator<[string, string]> {
  const buffer = Buffer.from(bytes);
  let at = 0;
  while (at < buffer.length) {
    const space = buffer.indexOf(0x20, at);
    if (space < 0) return;
    const length = Number(buffer.toString('latin1', at, space));
    if (!(length > 0)) return;
    const record = buffer.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (equals > 0) yield [record.slice(0, equals), record.slice(equals + 1)];
    at += length;
  }
}
