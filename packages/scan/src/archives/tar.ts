import { type ByteSource, SliceSource } from '../bytes/byte-source.ts';
import { Truncated } from '../bytes/cursor.ts';
import { printable } from '../text/printable.ts';

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
/** Bytes of one extended header that are read. */
const HEADER_BYTES_MAX = 1024 * 1024;
/** Sizes from here on do not fit into the eleven octal digits of a header. */
const OCTAL_SIZES = 8 ** 11;

function field(block: Uint8Array, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return Buffer.from(block.subarray(start, end >= 0 && end < start + length ? end : start + length)).toString(
    'utf8',
  );
}

/** A number as Python's `int` reads it, in base 8 or 10: with a sign, a `0o` or `_` between digits. NaN where it is none. */
function pythonNumber(text: string, base: 8 | 10): number {
  const plain = text.trim();
  if (plain === '' && base === 8) return 0;
  const form = base === 8 ? /^[+-]?(?:0[oO]_?)?[0-7]+(?:_[0-7]+)*$/ : /^[+-]?\d+(?:_\d+)*$/;
  return form.test(plain) ? Number.parseInt(plain.replace(/0[oO]|_/g, ''), base) : Number.NaN;
}

/** A number of a header: octal, or binary where the first bit says so (GNU). */
function number(block: Uint8Array, start: number, length: number): number {
  if (block[start]! & 0x80) {
    // All bits of the first byte stand for a number below zero.
    if (block[start] === 0xff) return Number.NaN;
    let value = block[start]! & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + block[start + i]!;
    return value;
  }
  return pythonNumber(field(block, start, length), 8);
}

/** Whether every reader reads the same number: octal digits between blanks, or binary behind one of the two marks. */
const isPlainNumber = (block: Uint8Array, start: number, length: number): boolean =>
  block[start] === 0x80 || /^ *(?:[0-7]+ *)?$/.test(field(block, start, length));

/** Whether the sum in a header is right: of its bytes, or of its bytes with signs, as old programs wrote it. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  const said = number(block, 148, 8);
  let sum = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 32 : block[i]!;
    sum += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  return said === sum || said === signed;
}

/** Told what readers of an archive do not read alike, in words. */
type Differ = (what: string, offset: number) => void;

/** What headers before a member say of it. */
class Extended {
  name: string | undefined;
  sparseName: string | undefined;
  link: string | undefined;
  size: number | undefined;
  isSparse = false;

  /** Two headers that differ: Python takes the first, GNU tar the last. */
  set<K extends 'name' | 'link' | 'size'>(key: K, value: NonNullable<this[K]>, differ: () => void): void {
    if (this[key] === undefined) this[key] = value;
    else if (this[key] !== value) differ();
  }

  take(bytes: Uint8Array, at: number, differ: Differ): void {
    const twice = (): void => differ('says two things of one member', at);
    for (const record of paxRecords(bytes)) {
      if (record === null) {
        differ('has an extended header that is not sound', at);
        continue;
      }
      const [key, value] = record;
      if (key === 'path') this.set('name', value, twice);
      else if (key === 'linkpath') this.set('link', value, twice);
      else if (key === 'size') {
        const size = pythonNumber(value, 10);
        if (!/^\d+$/.test(value)) differ(`says a size of \`${printable(value.slice(0, 32))}\``, at);
        this.set('size', Number.isNaN(size) ? 0 : size, twice);
      } else if (key === 'GNU.sparse.name') this.sparseName = value;
      if (key.startsWith('GNU.sparse.')) this.isSparse = true;
    }
  }
}

/** Members with content: others have none, whatever size they say (POSIX, and Python reads on right behind their headers). */
const hasContent = (type: string): boolean => !/^[1-6]$/.test(type);

/**
 * Members of an archive in the ustar, GNU and pax formats, one after another, as Python's `tarfile` finds them, and those that it
 * does not come to as well.
 * @param globals whether a header for all further members changes their names, as it does for Python; Go leaves it aside
 * @param differ told what other readers read otherwise
 * @throws Truncated
 */
export function* readTar(
  source: ByteSource,
  { globals = true, differ = () => {} }: { globals?: boolean; differ?: Differ } = {},
): Generator<TarMember> {
  let at = 0;
  let empty = 0;
  let isBehindEnd = false;
  /** Up to where readers pass over what follows a member without content that says a size. */
  let passedOver = 0;
  const all = new Extended();
  let own = new Extended();
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
    if (at < passedOver) differ('has a member within what another says it holds', at);
    if (!isPlainNumber(block, 124, 12)) differ('says a size in a form that readers read differently', at);
    const flag = String.fromCharCode(block[156]!);
    const type = flag === '\0' ? '0' : flag;
    const short = field(block, 0, 100);
    const stated = number(block, 124, 12);
    // `X` is what Solaris calls its own.
    const isHeader = type === 'x' || type === 'g' || type === 'X';
    const isName = type === 'L' || type === 'K';
    const bytes: number = isHeader || isName ? stated : (own.size ?? stated);
    if (!(bytes >= 0)) throw new Truncated(at);
    const body = at + BLOCK + BLOCK * (type === 'S' ? sparseBlocks(source, at) : 0);
    const next = body + Math.ceil(bytes / BLOCK) * BLOCK;
    if ((isHeader || isName) && bytes > HEADER_BYTES_MAX)
      differ('has an extended header that is longer than is read', at);
    const twice = (): void => differ('says two things of one member', at);
    if (isName) {
      const text = field(source.read(body, Math.min(bytes, HEADER_BYTES_MAX)), 0, bytes);
      own.set(type === 'L' ? 'name' : 'link', text, twice);
    } else if (isHeader) {
      const records = source.read(body, Math.min(bytes, HEADER_BYTES_MAX));
      if (type !== 'g') own.take(records, at, differ);
      else if (globals) {
        const these = new Extended();
        these.take(records, at, differ);
        all.name = these.name ?? all.name;
        all.link = these.link ?? all.link;
        all.isSparse ||= these.isSparse;
        if (these.size !== undefined) differ('says one size of all its members', at);
      }
    } else {
      const prefix = field(block, 257, 5) === 'ustar' ? field(block, 345, 155) : '';
      if (own.size !== undefined && own.size !== stated && own.size < OCTAL_SIZES)
        differ('says two sizes of one member', at);
      yield {
        name: own.sparseName ?? own.name ?? all.name ?? (prefix === '' ? short : `${prefix}/${short}`),
        type,
        link: own.link ?? all.link ?? field(block, 157, 100),
        mode: number(block, 100, 8) || 0,
        isSparse: type === 'S' || own.isSparse || all.isSparse,
        isBehindEnd,
        offset: at,
        bodyOffset: body,
        source: new SliceSource(source, body, body + bytes),
      };
      own = new Extended();
      if (!hasContent(type) || (type === '0' && short.endsWith('/'))) {
        passedOver = Math.max(passedOver, next);
        at = body;
        continue;
      }
      if (body + bytes > source.size) throw new Truncated(source.size);
    }
    at = Math.max(next, at + BLOCK);
  }
}

/** Blocks between the header of a file with holes and its content, which say where the holes are (GNU tar, "Old GNU Format"). */
function sparseBlocks(source: ByteSource, header: number): number {
  let blocks = 0;
  let more = source.read(header + 482, 1)[0];
  while (more !== undefined && more !== 0) more = source.read(header + ++blocks * BLOCK + 504, 1)[0];
  return blocks;
}

/** Records of an extended header (POSIX.1-2001, pax); null for what is none, and then nothing more. */
function* paxRecords(bytes: Uint8Array): Generator<[string, string] | null> {
  const buffer = Buffer.from(bytes);
  let at = 0;
  while (at < buffer.length && buffer[at] !== 0) {
    const space = buffer.indexOf(0x20, at);
    const length = buffer.toString('latin1', at, Math.min(Math.max(at, space), at + 12));
    const end = at + Number(length);
    const equals = buffer.indexOf(0x3d, space);
    if (!/^\d+$/.test(length) || equals < 0 || equals >= end || buffer[end - 1] !== 0x0a) return yield null;
    yield [buffer.toString('utf8', space + 1, equals), buffer.toString('utf8', equals + 1, end - 1)];
    at = end;
  }
}
