import { inspectCompressed, reportAstray, reportPath } from '../archives/inspect-members.ts';
import { type LinkedMember, linkedNames } from '../archives/linked-names.ts';
import { linkEscapes } from '../archives/member-path.ts';
import { isTarHeader, readTar, type TarMember } from '../archives/tar.ts';
import { endsAsZip, isZip, readZip, type ZipMember } from '../archives/zip.ts';
import { type ByteSource, SliceSource } from '../bytes/byte-source.ts';
import { type Codec, expand } from '../bytes/expand.ts';
import type { Inspection } from '../inspection.ts';
import { isPickle } from '../pickle/inspect-pickle.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';

const METHODS: Readonly<Record<number, Codec>> = { 8: 'deflate', 12: 'bzip2', 93: 'zstd', 95: 'xz' };
const SYMLINK = 0o120000;
const MODE_TYPE = 0o170000;

/** Bytes of a link that are read. */
const LINK_BYTES_MAX = 4096;

/** A member's bytes as they lie there, and how they are packed; no codec where they are not. */
interface Packed {
  readonly codec: Codec | null;
  readonly source: ByteSource;
}

/** Null where it is packed in a way that is not read here. */
function packedOf(source: ByteSource, { method, offset, compressedBytes }: ZipMember): Packed | null {
  const body = new SliceSource(source, Math.max(0, offset), offset + compressedBytes);
  if (method === 0) return { codec: null, source: body };
  if (method !== 14) return METHODS[method] ? { codec: METHODS[method], source: body } : null;
  // A header of four bytes, then properties and data of LZMA.
  const alone = Buffer.concat([body.read(0, 9).subarray(4, 9), Buffer.alloc(8, 0xff)]);
  const joined = {
    size: 13 + Math.max(0, body.size - 9),
    read: (at: number, length: number) =>
      at < 13
        ? Buffer.concat([alone.subarray(at, at + length), body.read(9, Math.max(0, at + length - 13))])
        : body.read(at - 4, length),
  };
  return { codec: 'lzma', source: joined };
}

/** Where a symbolic link leads, for tools that make links of such members; null for what is none. */
async function linkOf(inspection: Inspection, member: ZipMember): Promise<string | null> {
  if ((member.mode & MODE_TYPE) !== SYMLINK || member.offset < 0) return null;
  const packed = packedOf(inspection.source, member);
  if (!packed) return null;
  const { codec } = packed;
  const { source } = codec === null ? packed : await expand(codec, packed.source, inspection.budget);
  return Buffer.from(source.read(0, LINK_BYTES_MAX)).toString('utf8');
}

/** Scans what a member holds under a name. */
async function inspectContent(inspection: Inspection, name: string, member: ZipMember): Promise<void> {
  const packed = packedOf(inspection.source, member);
  if (packed && packed.codec === null) return inspection.part(name, packed.source);
  if (packed?.codec)
    return inspectCompressed(inspection, name, packed.codec, packed.source, member.headerOffset);
  inspection.report(
    'unknown-codec',
    `\`${printable(name)}\` is compressed in a way (${member.method}) that is not read here`,
    { offset: member.headerOffset },
  );
}

/** A member's content, whatever its headers say of encryption and sums: PyTorch and others do not ask them. */
async function inspectMember(inspection: Inspection, member: ZipMember, link: string | null): Promise<void> {
  const { name, otherName, flags, offset, compressedBytes, headerOffset } = member;
  const place = { offset: headerOffset };
  // Only some tools make links of these: others read what they hold as the content of a file.
  const names = otherName === null ? [name] : [name, otherName];
  for (const one of names) reportPath(inspection, one, link !== null && linkEscapes(one, link), place);
  if (name.endsWith('/') && compressedBytes === 0) return;
  if (offset < 0) return;
  if (offset + compressedBytes > inspection.source.size)
    inspection.report('unreadable-member', `\`${printable(name)}\` ends early`, place);
  if (flags & 1) inspection.report('encrypted', `\`${printable(name)}\` is encrypted, or says so`, place);
  for (const one of names) await inspectContent(inspection, one, member);
}

/** Whether the archive at the end is one whole member of a tape archive: a checkpoint in a `.nemo`, or in what SageMaker packs. */
function isWithinTape(source: ByteSource): boolean {
  if (!isTarHeader(source.read(0, 512))) return false;
  let last: TarMember | null = null;
  try {
    for (const member of readTar(source, { differ: () => {} }))
      if (isZip(member.source.read(0, 4)) && endsAsZip(member.source)) last = member;
  } catch {
    return false;
  }
  return last !== null && !endsAsZip(new SliceSource(source, last.bodyOffset + last.source.size));
}

/** ZIP archives: PyTorch, Keras, npz, skops, MLflow and many more; read from both ends. */
export const zip: Format = {
  name: 'zip',
  holdsOthers: true,
  recognise: ({ head, inspection }) => isZip(head) || endsAsZip(inspection.source),
  inspect: async (inspection) => {
    const { members, unlisted, differences } = readZip(inspection.source);
    inspection.memberBytes = new Map(members.map(({ name, bytes }) => [name, bytes]));
    // A pickle may hold an archive, and so may a tape archive: what is around it is the pickle or the tape.
    const held =
      !isZip(inspection.source.read(0, 4)) && (isPickle(inspection) || isWithinTape(inspection.source));
    for (const { what, offset, around } of differences)
      if (!(held && around)) inspection.report('ambiguous-archive', what, { offset });
    for (const { name, headerOffset } of unlisted)
      inspection.report(
        'ambiguous-archive',
        `holds \`${printable(name)}\`, which its directory does not list`,
        { offset: headerOffset },
      );
    const late = (): boolean => {
      if (inspection.budget.outOfTime) inspection.report('too-much', 'takes longer to read than it may');
      return inspection.budget.outOfTime;
    };
    const linked: LinkedMember<ZipMember>[] = [];
    for (const member of [...members, ...unlisted]) {
      if (late()) return;
      const link = await linkOf(inspection, member);
      if (member.offset >= 0) linked.push({ name: member.name, link, content: member });
      await inspectMember(inspection, member, link);
    }
    const { names, fault, astray } = linkedNames(linked);
    reportAstray(inspection, astray);
    for (const { path, content } of names) {
      if (late()) return;
      await inspectContent(inspection, path, content);
    }
    if (fault !== null) inspection.report('too-much', `holds ${fault}`);
  },
};
