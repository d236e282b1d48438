import { type ByteSource, BytesSource } from '../bytes/byte-source.ts';
import { Cursor, Malformed } from '../bytes/cursor.ts';
import { printable } from '../text/printable.ts';

/** One member as one of its two headers tells it. */
export interface ZipMember {
  readonly name: string;
  /** Whether other readers call it something else. */
  readonly hasTwoNames: boolean;
  /** What readers call it that do not know the field for names in Unicode; null where that is the same. */
  readonly otherName: string | null;
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
/** Of the directory, which may follow it. */
const SIGNATURE = 0x05054b50;
const END_BYTES = 22;
/** Python looks one byte further back than a comment reaches. */
const COMMENT_BYTES_MAX = 65_536;
/** Records at the end that are looked at. */
const ENDS_MAX = 64;
const MEMBERS_MAX = 200_000;
const DIFFERENCES_MAX = 16;
/** Systems that keep permissions as Unix does: Unix and macOS (APPNOTE 4.4.2). */
const UNIX: ReadonlySet<number> = new Set([3, 19]);
const UTF8 = new TextDecoder('utf-8');

/** Whether an archive begins here. */
export const isZip = (head: Uint8Array): boolean =>
  head[0] === 0x50 &&
  head[1] === 0x4b &&
  ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));

/** Where the record at the end lies, as Python and most others look for it: the last one. `others` are before it. */
function findEnd(source: ByteSource): { end: number; others: readonly number[] } | null {
  const from = Math.max(0, source.size - END_BYTES - COMMENT_BYTES_MAX);
  const tail = Buffer.from(source.read(from, source.size - from));
  const found: number[] = [];
  for (
    let at = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1');
    at >= 0 && found.length < ENDS_MAX;
    at = at === 0 ? -1 : tail.lastIndexOf('PK\x05\x06', at - 1, 'latin1')
  )
    if (at + END_BYTES <= tail.length) found.push(from + at);
  const [end, ...others] = found;
  return end === undefined ? null : { end, others };
}

interface Directory {
  readonly start: number;
  readonly bytes: number;
  readonly count: number;
  /** Whether the count is of 64 bits: smaller ones begin again at 65,536. */
  readonly isWide: boolean;
  /** Bytes before the archive; every offset counts from behind them. */
  readonly prefix: number;
  /** What readers of the end do not read alike, in words; null where they all do. */
  readonly differs: string | null;
}

/** Where a directory is for those who count from behind what is before the archive, and for those who count from the file's beginning. */
const directoryPlaces = ({ start, prefix }: Directory): number[] => [start + prefix, start];

/** The directory that a record at the end leads to, as Python reads it. */
function readEnd(source: ByteSource, end: number): Directory {
  const cursor = new Cursor(source, end + 8);
  const onDisk = cursor.u16();
  const plain = { count: cursor.u16(), bytes: cursor.u32(), start: cursor.u32() };
  const narrow = {
    ...plain,
    isWide: false,
    prefix: end - plain.bytes - plain.start,
    differs: onDisk === plain.count ? null : 'says two numbers of members',
  };
  if (end < 20 || new Cursor(source, end - 20).u32() !== LOCATOR64) return narrow;
  // Python takes the record right before, Java and libarchive the one that is named.
  const named = new Cursor(source, end - 20 + 8).u64();
  const places = [...new Set([end - 20 - 56, named])].filter(
    (at) => at >= 0 && at + 56 <= source.size && new Cursor(source, at).u32() === END64,
  );
  const [wide, other] = places.map((at) => {
    const large = new Cursor(source, at + 24);
    const own = large.u64();
    const [count, bytes, start] = [large.u64(), large.u64(), large.u64()];
    return { own, count, bytes, start, prefix: at - bytes - start };
  });
  if (!wide) return { ...narrow, differs: 'names a record of 64 bits where there is none' };
  const isSaid = (short: number, most: number, long: number): boolean => short === most || short === long;
  const agrees =
    wide.own === wide.count &&
    isSaid(plain.count, 0xffff, wide.count) &&
    isSaid(onDisk, 0xffff, wide.count) &&
    isSaid(plain.bytes, 0xffffffff, wide.bytes) &&
    isSaid(plain.start, 0xffffffff, wide.start) &&
    (!other || (other.start === wide.start && other.bytes === wide.bytes && other.count === wide.count));
  return { ...wide, isWide: true, differs: agrees ? null : 'has two records at its end that differ' };
}

/** Whether a directory is where a record at the end says. */
const leadsToDirectory = (source: ByteSource, directory: Directory): boolean =>
  directoryPlaces(directory).some(
    (at) => at >= 0 && at + 4 <= source.size && new Cursor(source, at).u32() === CENTRAL,
  );

/** Whether it ends as an archive does, with a directory that is one, whatever it begins with and says of its members. */
export function endsAsZip(source: ByteSource): boolean {
  const found = findEnd(source);
  return found !== null && leadsToDirectory(source, readEnd(source, found.end));
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

/** What a member is called: by a field of its own for names in Unicode, where it has one (APPNOTE 4.6.9), which newer readers take. */
function nameOf(
  name: Uint8Array,
  extra: Uint8Array,
): { name: string; otherName: string | null; differs: boolean } {
  const plain = UTF8.decode(name);
  const cursor = new Cursor(new BytesSource(extra));
  while (cursor.left >= 4) {
    const id = cursor.u16();
    const length = Math.min(cursor.u16(), cursor.left);
    const field = cursor.bytes(length);
    if (id !== 0x7075 || length <= 5) continue;
    const unicode = UTF8.decode(field.subarray(5));
    // Where the plain name can be read by all, there is nothing else for it to say.
    const otherName = unicode === plain ? null : plain;
    return { name: unicode, otherName, differs: otherName !== null && /^[ -~]*$/.test(plain) };
  }
  // Python ends a name at a zero, others do not.
  return { name: plain, otherName: null, differs: plain.includes('\0') };
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
  const nameRaw = cursor.bytes(nameBytes);
  const extra = cursor.bytes(extraBytes);
  const { name, otherName } = nameOf(nameRaw, extra);
  const sizes = wide(extra, { bytes, compressedBytes });
  const offset = cursor.offset;
  return {
    member: { name, otherName, hasTwoNames: false, ...fields, ...sizes, headerOffset: at, offset, mode: 0 },
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
    const nameRaw = cursor.bytes(nameBytes);
    const extra = cursor.bytes(extraBytes);
    const { name, otherName, differs: hasTwoNames } = nameOf(nameRaw, extra);
    const sizes = wide(extra, { ...stated, offset: start });
    cursor.skip(commentBytes);
    yield {
      name,
      otherName,
      hasTwoNames,
      method,
      flags,
      crc,
      compressedBytes: sizes.compressedBytes,
      bytes: sizes.bytes,
      headerOffset: sizes.offset! + prefix,
      offset: -1,
      mode: UNIX.has(madeBy) ? attributes >>> 16 : 0,
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
    const { prefix, start, differs } = directory;
    if (differs !== null) differ(differs, found.end);
    if (prefix > 0) differ(`begins with ${prefix} bytes that are no part of it`, 0, true);
    if (prefix < 0) differ('has its directory elsewhere than it says', found.end);
    if (prefix > 0 && start < source.size - 4 && new Cursor(source, start).u32() === CENTRAL)
      differ('has a directory at two places', start);
    const behind = source.size - found.end - END_BYTES - new Cursor(source, found.end + 20).u16();
    if (behind > 0) differ(`ends with ${behind} bytes that are no part of it`, source.size - behind, true);
    const directoryAt = Math.max(0, start + prefix);
    const cursor = new Cursor(source, directoryAt);
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
      if (listed.hasTwoNames) differ(`has two names for \`${printable(name)}\``, headerOffset);
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
    if ((members.length - directory.count) % (directory.isWide ? Number.MAX_SAFE_INTEGER : 65_536) !== 0)
      differ(`says it has ${directory.count} members and lists ${members.length}`, found.end);
    if (
      members.length < MEMBERS_MAX &&
      cursor.offset - directoryAt !== directory.bytes &&
      (cursor.left < 4 || cursor.u32() !== SIGNATURE)
    )
      differ('has a directory that is longer or shorter than it says', directoryAt);
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
    // Some readers pass over an end that does not please them; what a member holds is none.
    for (const at of found.others) {
      const isHeld = members.some(
        ({ offset, compressedBytes }) => offset >= 0 && at >= offset && at < offset + compressedBytes,
      );
      const reachesEnd = at + END_BYTES + new Cursor(source, at + 20).u16() === source.size;
      if (!isHeld && (reachesEnd || leadsToDirectory(source, readEnd(source, at))))
        differ('has more than one directory', at);
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
