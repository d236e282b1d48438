import { reportAstray, reportPath } from '../archives/inspect-members.ts';
import { escapes, linkEscapes } from '../archives/member-path.ts';
import { cleanName, NameTree } from '../archives/name-tree.ts';
import { isTarHeader, readTar, type TarMember } from '../archives/tar.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Inspection } from '../inspection.ts';
import { printable } from '../text/printable.ts';
import { hasModelEnding } from '../tree/model-endings.ts';
import type { Format } from './format.ts';

/** Names of one archive. */
const ENTRIES_MAX = 1_000_000;

/** A layer of a container image, by where it lies: its links count from the root of the image, which nothing leads out of. */
const LAYER =
  /(?:^|[/!])(?:blobs\/sha256\/[0-9a-f]{64}(?:![0-9a-f]{64})?|[0-9a-f]{64}\/layer\.tar(?:!layer\.tar)?)$/;

/** A file of an archive, where it is unpacked to. */
interface Unpacked {
  readonly path: string;
  readonly source: ByteSource;
}

/** Reports what unpacking a member does outside its folder. */
function reportMember(
  inspection: Inspection,
  { name, type, link, offset }: TarMember,
  isLayer: boolean,
): void {
  const place = { offset };
  // A hard link counts from where the archive is unpacked, a symbolic one from its own folder.
  const leadsOut = type === '2' ? !isLayer && linkEscapes(name, link) : type === '1' && escapes(link);
  reportPath(inspection, name, leadsOut && !(isLayer && link.startsWith('/')), place);
  if (!isLayer && (type === '3' || type === '4' || type === '6'))
    inspection.report('special-file', `\`${printable(name)}\` is a device or pipe`, place);
}

/** Puts a member where it is unpacked to. @returns whether it is a hard link to what is not there */
function put(tree: NameTree<Unpacked>, { name, type, link, source }: TarMember): boolean {
  if (type === '5') tree.put(name, { kind: 'folder' }, 0);
  else if (type === '2') tree.put(name, { kind: 'link', to: link }, 0);
  else if (type === '1') return 'fault' in tree.put(name, { kind: 'hard', of: link }, 0);
  else if (/^[346]$/.test(type)) tree.put(name, { kind: 'other' }, 0);
  // A member of no known kind is unpacked as a file.
  else tree.put(name, { kind: 'file', content: { path: cleanName(name), source } }, 0);
  return false;
}

/** Tape archives: old PyTorch, NeMo, container layers. */
export const tar: Format = {
  name: 'tar',
  holdsOthers: true,
  recognise: ({ head }) => isTarHeader(head.subarray(0, 512)),
  inspect: async (inspection) => {
    const isLayer = LAYER.test(inspection.path);
    const tree = new NameTree<Unpacked>(ENTRIES_MAX);
    let fault: string | null = null;
    const dangling = (name: string): void => {
      if (hasModelEnding(name))
        inspection.report('dangling-link', `\`${printable(name)}\` is a link to nothing in the archive`);
    };
    const differ = (what: string, offset: number): void =>
      inspection.report('ambiguous-archive', what, { offset });
    for (const member of readTar(inspection.source, { differ })) {
      const { name, type, source, isSparse, offset } = member;
      if (isSparse)
        inspection.report(
          'unreadable-member',
          `\`${printable(name)}\` has holes, which are not filled here`,
          {
            offset,
          },
        );
      reportMember(inspection, member, isLayer);
      if (type === '0' || type === '7' || (type !== '5' && source.size > 0))
        await inspection.part(name, source);
      try {
        if (fault === null && put(tree, member)) dangling(name);
      } catch (why) {
        fault = (why as Error).message;
      }
    }
    // A link gives a content a further name, by which it may be read as something else.
    try {
      for (const { path, file } of tree.names(dangling))
        if (path !== file.content.path) await inspection.part(path, file.content.source);
    } catch (why) {
      fault ??= (why as Error).message;
    }
    if (!isLayer) reportAstray(inspection, tree.astray);
    if (fault !== null) inspection.report('too-much', `holds ${fault}`);
  },
};
