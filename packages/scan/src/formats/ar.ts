import { SliceSource } from '../bytes/byte-source.ts';
import { Malformed, Truncated } from '../bytes/cursor.ts';
import type { Format } from './format.ts';

const HEADER_BYTES = 60;
const NAMES_BYTES_MAX = 1024 * 1024;
/** A name that lies before the content (BSD). */
const BEFORE = /^#1\/(\d{1,10})$/;
/** A name in the table of long names (GNU). */
const IN_TABLE = /^\/(\d{1,10})$/;

/** Archives of `ar`: libraries and packages of Debian. */
export const ar: Format = {
  name: 'ar',
  holdsOthers: true,
  recognise: ({ headText }) => headText.startsWith('!<arch>\n'),
  inspect: async (inspection) => {
    const { source } = inspection;
    let names = '';
    for (let at = 8; at + HEADER_BYTES <= source.size; ) {
      if (inspection.budget.outOfTime)
        return inspection.report('too-much', 'takes longer to read than it may');
      const header = Buffer.from(source.read(at, HEADER_BYTES)).toString('latin1');
      const size = Number(header.slice(48, 58).trim());
      if (!header.endsWith('`\n') || !Number.isSafeInteger(size) || size < 0)
        throw new Malformed(at, 'has a header that is none');
      const body = at + HEADER_BYTES;
      if (body + size > source.size) throw new Truncated(source.size);
      let name = header.slice(0, 16).trimEnd();
      let skip = 0;
      if (name === '//')
        names = Buffer.from(source.read(body, Math.min(size, NAMES_BYTES_MAX))).toString('latin1');
      const [, before] = BEFORE.exec(name) ?? [];
      const [, place] = IN_TABLE.exec(name) ?? [];
      if (before !== undefined) {
        skip = Math.min(Number(before), size);
        name = Buffer.from(source.read(body, Math.min(skip, 4096)))
          .toString('latin1')
          .split('\0', 1)[0]!;
      } else if (place !== undefined) name = names.slice(Number(place)).split('\n', 1)[0]!;
      name = name.replace(/\/$/, '');
      // The tables of symbols and names are its own.
      if (!/^(?:\/|\/SYM64|__\.SYMDEF.*)?$/.test(name))
        await inspection.part(name, new SliceSource(source, body + skip, body + size));
      at = body + size + (size % 2);
    }
  },
};
