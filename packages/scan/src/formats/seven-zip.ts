import { escapes, linkEscapes } from '../archives/member-path.ts';
import { isSevenZip, readSevenZip, undo } from '../archives/seven-zip.ts';
import { printable } from '../archives/zip.ts';
import { type ByteSource, SliceSource } from '../bytes/byte-source.ts';
import { collect } from '../bytes/expand.ts';
import type { Format } from './format.ts';

/** 7z archives, solid or not: LZMA, LZMA2, bzip2 and plain. What is coded otherwise or encrypted is incomplete. */
export const sevenZip: Format = {
  name: '7z',
  recognise: ({ head }) => isSevenZip(head),
  inspect: async (inspection) => {
    const archive = readSevenZip(inspection.source);
    if ('refused' in archive)
      return inspection.report(
        archive.refused.includes('encrypted') ? 'encrypted' : 'unknown-codec',
        archive.refused,
      );
    const expanded = new Map<number, ByteSource>();
    for (const [index, { source, coders, bytes, several }] of archive.folders.entries()) {
      const undone = several ? { refused: 'is coded in several streams' } : undo(source, coders, bytes);
      if ('refused' in undone) {
        inspection.report(
          undone.refused.includes('encrypted') ? 'encrypted' : 'unknown-codec',
          `holds a part that ${undone.refused}`,
        );
        continue;
      }
      const { source: out, end } = await collect(undone.bytes, inspection.budget);
      if (out.size > 32 * 1024 * 1024 && out.size > 150 * Math.max(1, source.size))
        inspection.report(
          'bomb',
          `becomes ${Math.round(out.size / Math.max(1, source.size))} times as large`,
        );
      if (end === 'limit') inspection.report('too-much', 'becomes larger than may be read');
      else if (end !== 'whole') inspection.report('unreadable-member', 'holds a part that ends early');
      expanded.set(index, out);
    }
    for (const { name, folder, start, bytes, isLink } of archive.members) {
      if (escapes(name))
        inspection.report('path-traversal', `\`${printable(name)}\` would be written outside its folder`);
      const whole = expanded.get(folder);
      if (!whole) continue;
      const body = new SliceSource(whole, start, start + bytes);
      if (isLink && linkEscapes(name, Buffer.from(body.read(0, 4096)).toString('utf8')))
        inspection.report('path-traversal', `\`${printable(name)}\` is a link that leads outside its folder`);
      else await inspection.part(name, body);
    }
  },
};
