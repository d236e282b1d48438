import { type ByteSource, BytesSource } from '../bytes/byte-source.ts';
import { Cursor, Malformed } from '../bytes/cursor.ts';
import { printable } from '../text/printable.ts';

/** One member as one of its two headers tells it. */
export interface ZipMember {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** Where its local header lies. */
  readonly headerOffset: number;
  /** Where its content lies. */
  readonly offset: number;
  /** Unix mode, 0 where there is none. */
  readonly mode: number;
}

/** Both readings of an archive: those who begin at its end (Python, Java, PyTorch) and those who begin at its beginning (streams). */
export interface ZipReading {
  /** As the central directory has them. */
  readonly members: readonly ZipMember[];
  /** Local headers that the central directory does not lead to. */
  readonly unlisted: readonly ZipMember[];
  /** What the two readings differ in, in words; `around` for bytes that are before or behind the archive. */
  readonly differences: readonly {
    readonly what: string;
    readonly offset: number;
    readonly around?: boolean;
  }[];
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 65_535;
const MEMBERS_MAX = 200_000;
const DIFFERENCES_MAX = 16;
const UTF8 = new TextDecoder('utf-8');

/** Whether an archive begins here. */
export const isZip = (head: Uint8Array): boolean =>
  head[0] === 0x50 &&
  head[1] === 0x4b &&
  ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));

/** Where the record at the end lies, as Python and most others look for it: the last one whose comment fits. */
function findEnd(source: ByteSource): { end: number; others: number } | null {
  const from = Math.max(0, source.size - END_BYTES - COMMENT_BYTES_MAX);
  const tail = Buffer.from(source.read(from, source.size - from));
  let found = -1;
  let others = 0;
  for (
    let at = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1');
    at >= 0;
    at = at === 0 ? -1 : tail.lastIndexOf('PK\x05\x06', at - 1, 'latin1')
  ) {
    if (at + END_BYTES > tail.length) continue;
    const comment = tail.readUInt16LE(at + 20);
    if (found < 0) found = at;
    // Another reader takes the one whose comment reaches to the end of the file.
    else if (at + END_BYTES + comment === tail.length) others++;
  }
  return found < 0 ? null : { end: from + found, others };
}

interface Directory {
  readonly start: number;
  readonly bytes: number;
  readonly count: number;
  /** Bytes before the archive; every offset counts from behind them. */
  readonly prefix: number;
}

function readEnd(source: ByteSource, end: number): Directory {
  const cursor = new Cursor(source, end + 8);
  cursor.skip(2);
  let count = cursor.u16();
  let bytes = cursor.u32();
  let start = cursor.u32();
  let before = end;
  if (end >= 20 && new Cursor(source, end - 20).u32() === LOCATOR64) {
    const at = new Cursor(source, end - 20 + 8).u64();
    for (const place of [at, end - 20 - 56])
      if (place >= 0 && place + 56 <= source.size && new Cursor(source, place).u32() === END64) {
        const large = new Cursor(source, place + 32);
        count = large.u64();
        bytes = large.u64();
        start = large.u64();
        before = place;
        break;
      }
  }
  return { start, bytes, count, prefix: before - bytes - start };
}

/** Whether it ends as an archive does, with a directory that is one, whatever it begins with. */
export function endsAsZip(source: ByteSource): boolean {
  const found = findEnd(source);
  if (!found) return false;
  const { start, prefix, count } = readEnd(source, found.end);
  const at = start + prefix;
  return count > 0 && at >= 0 && at + 4 <= source.size && new Cursor(source, at).u32() === CENTRAL;
}

interface Header {
  readonly member: ZipMember;
  readonly next: number;
}

/** Sizes and offsets of 64 bits, from an extra field. */
function wide(extra: Uint8Array, fields: { bytes: number; compressedBytes: number; offset?: number }) {
  const cursor = new Cursor(new BytesSource(extra));
  const out = { ...fields };
  while (cursor.left >= 4) {
    const id = cursor.u16();
    const length = cursor.u16();
    const end = cursor.offset + length;
    if (length > cursor.left) break;
    if (id === 1) {
      if (out.bytes === 0xffffffff && end - cursor.offset >= 8) out.bytes = cursor.u64();
      if (out.compressedBytes === 0xffffffff && end - cursor.offset >= 8) out.compressedBytes = cursor.u64();
      if (out.offset === 0xffffffff && end - cursor.offset >= 8) out.offset = cursor.u64();
    }
    cursor.offset = end;
  }
  return out;
}

/** The fields that both headers of a member have, in the same order (APPNOTE 4.3.7 and 4.3.12). */
function sharedFields(cursor: Cursor) {
  cursor.skip(2);
  const flags = cursor.u16();
  const method = cursor.u16();
  cursor.skip(4);
  const crc = cursor.u32();
  const compressedBytes = cursor.u32();
  const bytes = cursor.u32();
  return { flags, method, crc, compressedBytes, bytes, nameBytes: cursor.u16(), extraBytes: cursor.u16() };
}

function local(source: ByteSource, at: number): Header | null {
  if (at < 0 || at + 30 > source.size) return null;
  const cursor = new Cursor(source, at);
  if (cursor.u32() !== LOCAL) return null;
  const { nameBytes, extraBytes, bytes, compressedBytes, ...fields } = sharedFields(cursor);
  if (cursor.left < nameBytes + extraBytes) return null;
  const name = UTF8.decode(cursor.bytes(nameBytes));
  const sizes = wide(cursor.bytes(extraBytes), { bytes, compressedBytes });
  const offset = cursor.offset;
  return {
    member: { name, ...fields, ...sizes, headerOffset: at, offset, mode: 0 },
    next: offset + sizes.compressedBytes,
  };
}

/** Members as the central directory has them, from where a cursor is; `offset` is -1, for only local headers tell it. */
function* centralMembers(cursor: Cursor, prefix: number): Generator<ZipMember> {
  while (cursor.left >= 46) {
    const at = cursor.offset;
    if (cursor.u32() !== CENTRAL) {
      cursor.offset = at;
      return;
    }
    const madeBy = cursor.u16() >> 8;
    const { nameBytes, extraBytes, flags, method, crc, ...stated } = sharedFields(cursor);
    const commentBytes = cursor.u16();
    cursor.skip(4);
    const attributes = cursor.u32();
    const start = cursor.u32();
    const name = UTF8.decode(cursor.bytes(nameBytes));
    const sizes = wide(cursor.bytes(extraBytes), { ...stated, offset: start });
    cursor.skip(commentBytes);
    yield {
      name,
      method,
      flags,
      crc,
      compressedBytes: sizes.compressedBytes,
      bytes: sizes.bytes,
      headerOffset: sizes.offset! + prefix,
      offset: -1,
      mode: madeBy === 3 ? attributes >>> 16 : 0,
    };
  }
}

/**
 * The members of an archive that is trusted to be what it says, one by one: no number of them is too many.
 * @throws Malformed, Truncated
 */
export function* trustedMembers(source: ByteSource): Generator<ZipMember> {
  const found = findEnd(source);
  if (!found) throw new Malformed(source.size, 'has no directory');
  const { start, prefix } = readEnd(source, found.end);
  for (const listed of centralMembers(new Cursor(source, Math.max(0, start + prefix)), prefix)) {
    const header = local(source, listed.headerOffset);
    if (!header) throw new Malformed(listed.headerOffset, 'lists a member where there is none');
    yield { ...listed, offset: header.member.offset };
  }
}

/** Reads an archive both ways. */
export function readZip(source: ByteSource): ZipReading {
  const differences: { what: string; offset: number; around?: boolean }[] = [];
  const differ = (what: string, offset: number, around = false): void => {
    if (differences.length < DIFFERENCES_MAX) differences.push({ what, offset, around });
  };
  const members: ZipMember[] = [];
  const reached = new Map<number, ZipMember>();
  const found = findEnd(source);
  if (found) {
    const directory = readEnd(source, found.end);
    if (found.others > 0) differ('has more than one directory', found.end);
    if (directory.prefix > 0) differ(`begins with ${directory.prefix} bytes that are no part of it`, 0, true);
    const behind = source.size - found.end - END_BYTES - new Cursor(source, found.end + 20).u16();
    if (behind > 0) differ(`ends with ${behind} bytes that are no part of it`, source.size - behind, true);
    const cursor = new Cursor(source, Math.max(0, directory.start + directory.prefix));
    for (const listed of centralMembers(cursor, directory.prefix)) {
      if (members.length >= MEMBERS_MAX) break;
      const { name, method, flags, headerOffset } = listed;
      const header = local(source, headerOffset);
      const member: ZipMember = { ...listed, offset: header ? header.member.offset : -1 };
      members.push(member);
      if (!header) {
        differ(`lists \`${printable(name)}\` where there is none`, headerOffset);
        continue;
      }
      const inner = header.member;
      if (inner.name !== name)
        differ(`calls one member \`${printable(name)}\` and \`${printable(inner.name)}\``, headerOffset);
      if (inner.method !== method)
        differ(`says two ways in which \`${printable(name)}\` is compressed`, headerOffset);
      const deferred = (inner.flags & 8) !== 0;
      if (!deferred && (inner.compressedBytes !== member.compressedBytes || inner.bytes !== member.bytes))
        differ(`says two sizes of \`${printable(name)}\``, headerOffset);
      if (method === 0 && member.compressedBytes !== member.bytes && !(flags & 1))
        differ(`says two sizes of \`${printable(name)}\`, which is not compressed`, headerOffset);
      const earlier = reached.get(headerOffset);
      if (earlier)
        differ(
          `lists one member as \`${printable(earlier.name)}\` and as \`${printable(name)}\``,
          headerOffset,
        );
      reached.set(headerOffset, member);
    }
    if (members.length !== directory.count && directory.count !== 0xffff)
      differ(`says it has ${directory.count} members and lists ${members.length}`, found.end);
    const names = new Set<string>();
    for (const { name, headerOffset } of members) {
      if (names.has(name)) differ(`has \`${printable(name)}\` more than once`, headerOffset);
      names.add(name);
    }
    let covered = 0;
    for (const member of [...reached.values()].sort((a, b) => a.headerOffset - b.headerOffset)) {
      if (member.headerOffset < covered)
        differ(`has members that overlap at \`${printable(member.name)}\``, member.headerOffset);
      covered = Math.max(covered, member.offset + member.compressedBytes);
    }
  } else differ('has no directory', source.size);
  return { members, unlisted: unlisted(source, reached, found?.end ?? source.size), differences };
}

/** Local headers between listed members: what a reader of streams would come upon. */
function unlisted(source: ByteSource, reached: ReadonlyMap<number, ZipMember>, end: number): ZipMember[] {
  const found: ZipMember[] = [];
  const listed = [...reached.values()].sort((a, b) => a.headerOffset - b.headerOffset);
  let at = 0;
  for (const next of [...listed, null]) {
    const until = next ? next.headerOffset : Math.min(end, source.size);
    // A hole of any length is searched, up to a limit; what a descriptor behind a member takes is far less.
    let from = at;
    while (from < until && found.length < MEMBERS_MAX) {
      const length = Math.min(until - from, 8 * 1024 * 1024);
      const bytes = Buffer.from(source.read(from, length + 4));
      const hit = bytes.indexOf('PK\x03\x04', 0, 'latin1');
      if (hit < 0 || hit >= length) {
        from += length;
        continue;
      }
      const header = local(source, from + hit);
      if (header && header.member.name.length > 0 && header.member.name.length < 4096) {
        const { member } = header;
        const open = (member.flags & 8) !== 0 && member.compressedBytes === 0;
        found.push(open ? { ...member, compressedBytes: until - member.offset } : member);
        from = open ? until : Math.max(header.next, from + hit + 4);
      } else from += hit + 4;
    }
    if (next) at = Math.max(at, next.offset + next.compressedBytes);
  }
  return found;
}
