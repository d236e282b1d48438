import { reportAstray, reportExpansion, reportPath } from '../archives/inspect-members.ts';
import { type LinkedMember, linkedNames } from '../archives/linked-names.ts';
import { linkEscapes } from '../archives/member-path.ts';
import { isSevenZip, readSevenZip, undo } from '../archives/seven-zip.ts';
import { type ByteSource, SliceSource } from '../bytes/byte-source.ts';
import { collect } from '../bytes/expand.ts';
import type { Format } from './format.ts';

/** 7z archives, solid or not: LZMA, LZMA2, bzip2 and plain. What is coded otherwise or encrypted is incomplete. */
export const sevenZip: Format = {
  name: '7z',
  holdsOthers: true,
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
      const out = await collect(undone.bytes, inspection.budget);
      reportExpansion(inspection, 'a part', out, source.size);
      expanded.set(index, out.source);
    }
    const linked: LinkedMember<ByteSource>[] = [];
    for (const { name, folder, start, bytes, isLink } of archive.members) {
      const whole = expanded.get(folder);
      const body = whole ? new SliceSource(whole, start, start + bytes) : null;
      const link = isLink && body ? Buffer.from(body.read(0, 4096)).toString('utf8') : null;
      reportPath(inspection, name, link !== null && linkEscapes(name, link));
      // Tools that make no links take what one holds for the content of a file.
      if (body) await inspection.part(name, body);
      if (body) linked.push({ name, link, content: body });
    }
    const { names, fault, astray } = linkedNames(linked);
    reportAstray(inspection, astray);
    for (const { path, content } of names) await inspection.part(path, content);
    if (fault !== null) inspection.report('too-much', `holds ${fault}`);
  },
};
