import { inspectCompressed, reportPath } from '../archives/inspect-members.ts';
import { linkEscapes } from '../archives/member-path.ts';
import { endsAsZip, isZip, readZip, type ZipMember } from '../archives/zip.ts';
import { SliceSource } from '../bytes/byte-source.ts';
import type { Codec } from '../bytes/expand.ts';
import type { Inspection } from '../inspection.ts';
import { isPickle } from '../pickle/inspect-pickle.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';

const METHODS: Readonly<Record<number, Codec>> = { 8: 'deflate', 12: 'bzip2', 93: 'zstd', 95: 'xz' };
const SYMLINK = 0o120000;
const MODE_TYPE = 0o170000;

/** A member's content, whatever its headers say of encryption and sums: PyTorch and others do not ask them. */
async function inspectMember(inspection: Inspection, member: ZipMember): Promise<void> {
  const { name, method, flags, offset, compressedBytes, headerOffset, mode } = member;
  const place = { offset: headerOffset };
  const body = new SliceSource(inspection.source, Math.max(0, offset), offset + compressedBytes);
  // Only some tools make links of these: others read what they hold as the content of a file.
  const isLink = (mode & MODE_TYPE) === SYMLINK;
  reportPath(
    inspection,
    name,
    isLink && linkEscapes(name, Buffer.from(body.read(0, 4096)).toString('utf8')),
    place,
  );
  if (name.endsWith('/') && compressedBytes === 0) return;
  if (offset < 0) return;
  if (body.size < compressedBytes)
    inspection.report('unreadable-member', `\`${printable(name)}\` ends early`, place);
  if (flags & 1) inspection.report('encrypted', `\`${printable(name)}\` is encrypted, or says so`, place);
  if (method === 0) return inspection.part(name, body);
  if (method === 14) {
    // A header of four bytes, then properties and data of LZMA.
    const head = body.read(0, 9);
    const alone = Buffer.concat([head.subarray(4, 9), Buffer.alloc(8, 0xff)]);
    const joined = {
      size: 13 + Math.max(0, body.size - 9),
      read: (at: number, length: number) =>
        at < 13
          ? Buffer.concat([alone.subarray(at, at + length), body.read(9, Math.max(0, at + length - 13))])
          : body.read(at - 4, length),
    };
    return inspectCompressed(inspection, name, 'lzma', joined, headerOffset);
  }
  const codec = METHODS[method];
  if (codec) return inspectCompressed(inspection, name, codec, body, headerOffset);
  inspection.report(
    'unknown-codec',
    `\`${printable(name)}\` is compressed in a way (${method}) that is not read here`,
    place,
  );
}

/** ZIP archives: PyTorch, Keras, npz, skops, MLflow and many more; read from both ends. */
export const zip: Format = {
  name: 'zip',
  holdsOthers: true,
  recognise: ({ head, inspection }) => isZip(head) || endsAsZip(inspection.source),
  inspect: async (inspection) => {
    const { members, unlisted, differences } = readZip(inspection.source);
    // A pickle may hold an archive: what is around it is the pickle.
    const held = !isZip(inspection.source.read(0, 4)) && isPickle(inspection);
    for (const { what, offset, around } of differences)
      if (!(held && around)) inspection.report('ambiguous-archive', what, { offset });
    for (const { name, headerOffset } of unlisted)
      inspection.report(
        'ambiguous-archive',
        `holds \`${printable(name)}\`, which its directory does not list`,
        { offset: headerOffset },
      );
    for (const member of [...members, ...unlisted]) {
      if (inspection.budget.outOfTime)
        return inspection.report('too-much', 'takes longer to read than it may');
      await inspectMember(inspection, member);
    }
  },
};
