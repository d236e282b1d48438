import { SliceSource } from '../bytes/byte-source.ts';
import { Cursor, Truncated } from '../bytes/cursor.ts';
import { searchHidden } from '../pickle/inspect-pickle.ts';
import type { Format } from './format.ts';

const HEADER_BYTES_MAX = 1024 * 1024;
/** The header of an array of numbers or texts, as numpy and others write it. */
const PLAIN =
  /^\{'descr': ?'[<>|=]?([biufcSUVMm?])(\d{0,9})(?:\[[\w ]{1,16}\])?', ?'fortran_order': ?(?:True|False), ?'shape': ?\([\d, L]{0,512}\),? ?\}\s{0,4096}$/;
/** numpy arrays: of numbers, or of objects, which are a pickle. */
export const npy: Format = {
  name: 'npy',
  recognise: ({ headText }) => headText.startsWith('\x93NUMPY'),
  inspect: async (inspection) => {
    const { source } = inspection;
    const cursor = new Cursor(source, 6);
    const major = cursor.u8();
    cursor.skip(1);
    const length = major === 1 ? cursor.u16() : cursor.u32();
    if (length > HEADER_BYTES_MAX)
      return inspection.report('header-arithmetic', `says that its header has ${length} bytes`, {
        offset: 8,
      });
    const text = Buffer.from(cursor.bytes(length)).toString(major >= 3 ? 'utf8' : 'latin1');
    const data = cursor.offset;
    if (
      !['descr', 'fortran_order', 'shape'].every((key) => text.includes(`'${key}'`)) ||
      !text.trim().startsWith('{')
    )
      inspection.report('header-arithmetic', 'has a header that is no plain description', { offset: 10 });
    const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(text)?.[1] ?? '';
    const kind = PLAIN.exec(text);
    if (!kind) {
      // Python reads the header as a literal, and numpy the type in it in many spellings: what is no plain number may be objects.
      if (data >= source.size && /O/.test(text)) throw new Truncated(data);
      // Within the array, offsets count from where its pickle begins.
      await inspection.part('objects', new SliceSource(source, data));
    }
    const sizes = shape
      .split(',')
      .map((part) => part.trim().replace(/L$/, ''))
      .filter((part) => part !== '');
    const elements = sizes.reduce((product, size) => product * Number(size), 1);
    const bytes = kind ? elements * (Number(kind[2]) || 1) * (kind[1] === 'U' ? 4 : 1) : 0;
    if (!Number.isFinite(elements) || bytes > Number.MAX_SAFE_INTEGER)
      inspection.report('header-arithmetic', 'has a shape that cannot be', { offset: 10 });
    else if (data + bytes > source.size) throw new Truncated(source.size);
    else if (kind && data + bytes < source.size) searchHidden(inspection, data + bytes);
  },
};
