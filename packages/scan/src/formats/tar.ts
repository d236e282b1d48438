import { reportPath } from '../archives/inspect-members.ts';
import { escapes, linkEscapes } from '../archives/member-path.ts';
import { isTarHeader, readTar } from '../archives/tar.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';

/** Tape archives: old PyTorch, NeMo, container layers. */
export const tar: Format = {
  name: 'tar',
  recognise: ({ head }) => isTarHeader(head.subarray(0, 512)),
  inspect: async (inspection) => {
    for (const { name, type, link, offset, source } of readTar(inspection.source)) {
      const place = { offset };
      // A hard link counts from where the archive is unpacked, a symbolic one from its own folder.
      const leadsOut = type === '2' ? linkEscapes(name, link) : type === '1' && escapes(link);
      reportPath(inspection, name, leadsOut, place);
      if (type === '3' || type === '4' || type === '6')
        inspection.report('special-file', `\`${printable(name)}\` is a device or pipe`, place);
      if (type === '0' || type === '7' || (type !== '5' && source.size > 0))
        await inspection.part(name, source);
    }
  },
};
