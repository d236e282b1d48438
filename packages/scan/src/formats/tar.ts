import { escapes, linkEscapes } from '../archives/member-path.ts';
import { isTarHeader, readTar } from '../archives/tar.ts';
import { printable } from '../archives/zip.ts';
import type { Format } from './format.ts';

/** Tape archives: old PyTorch, NeMo, container layers. */
export const tar: Format = {
  name: 'tar',
  recognise: ({ head }) => isTarHeader(head.subarray(0, 512)),
  inspect: async (inspection) => {
    for (const { name, type, link, offset, source } of readTar(inspection.source)) {
      const place = { offset };
      if (escapes(name))
        inspection.report(
          'path-traversal',
          `\`${printable(name)}\` would be written outside its folder`,
          place,
        );
      if ((type === '1' || type === '2') && (type === '2' ? linkEscapes(name, link) : escapes(link)))
        inspection.report(
          'path-traversal',
          `\`${printable(name)}\` is a link that leads outside its folder`,
          place,
        );
      if (type === '3' || type === '4' || type === '6')
        inspection.report('special-file', `\`${printable(name)}\` is a device or pipe`, place);
      if (type === '0' || type === '7' || (type !== '5' && source.size > 0))
        await inspection.part(name, source);
    }
  },
};
