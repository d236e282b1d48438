import { escapes } from '../archives/member-path.ts';
import { type ByteSource, BytesSource, SliceSource } from '../bytes/byte-source.ts';
import { Cursor, Malformed } from '../bytes/cursor.ts';
import { Table } from '../bytes/flatbuffer.ts';
import { binariesOf } from '../bytes/thrift.ts';
import type { Inspection } from '../inspection.ts';
import { searchHidden } from '../pickle/inspect-pickle.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';

/** Bytes of a schema, or of all that describes a file, which are looked through. */
const SCHEMA_BYTES_MAX = 64 * 1024 * 1024;
/** The type whose description pyarrow unpickled before version 14.0.1, when a file was opened (CVE-2023-47248). */
const PICKLED_TYPE = 'arrow.py_extension_type';
const FILE_MAGIC = 'ARROW1';
/** `MessageHeader` of `Message.fbs`. */
const SCHEMA = 1;
/** Texts in the footer of Parquet (`parquet.thrift`): values of its key-value metadata, and the file that a column is in. */
const METADATA_VALUE = '5.2';
const COLUMN_FILE = '4.1.1';
const TICK = 4095;

/** Where the schema lies that a stream begins with, or `null` where it begins with none. */
function schemaAt(source: ByteSource, offset: number): { start: number; length: number } | null {
  const cursor = new Cursor(source, offset);
  try {
    if (cursor.i32() !== -1) return null;
    const length = cursor.i32();
    const start = cursor.offset;
    if (length < 8 || start + length > source.size) return null;
    const message = new SliceSource(source, start, start + length);
    const table = new Table(message, new Cursor(message).u32());
    return table.whole(1, 1) === SCHEMA ? { start, length } : null;
  } catch {
    return null;
  }
}

/** Looks through a part of what describes a file, in which texts lie as they are. */
function inspectSchema(inspection: Inspection, start: number, length: number): void {
  if (length > SCHEMA_BYTES_MAX)
    inspection.report('too-much', 'has a description that is longer than is looked through', {
      offset: start,
    });
  const bytes = inspection.source.read(start, Math.min(length, SCHEMA_BYTES_MAX));
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(PICKLED_TYPE);
  if (at < 0) return;
  inspection.report('arrow-pickle', `has a type (\`${PICKLED_TYPE}\`) that is a pickle`, {
    offset: start + at,
  });
  searchHidden(inspection, start);
}

/** Arrow: a stream, or a file of one with a table of its parts behind it. */
export const arrow: Format = {
  name: 'arrow',
  recognise: ({ headText, inspection }) =>
    headText.startsWith(FILE_MAGIC) || schemaAt(inspection.source, 0) !== null,
  inspect: (inspection) => {
    const { source } = inspection;
    const isFile = Buffer.from(source.read(0, 6)).toString('latin1') === FILE_MAGIC;
    const first = schemaAt(source, isFile ? 8 : 0);
    if (!first) throw new Malformed(isFile ? 8 : 0, 'it does not begin with a schema');
    inspectSchema(inspection, first.start, first.length);
    if (!isFile) return;
    const end = source.size - 10;
    const tail = new Cursor(source, end);
    const length = tail.i32();
    if (tail.text(6) !== FILE_MAGIC || length < 8 || end - length < 8)
      throw new Malformed(end, 'there is no table of its parts at its end');
    inspectSchema(inspection, end - length, length);
  },
};

/** Parquet: what its footer says, not what its columns hold. */
export const parquet: Format = {
  name: 'parquet',
  recognise: ({ headText }) => /^PAR[1E]/.test(headText),
  inspect: async (inspection) => {
    const { source } = inspection;
    const end = source.size - 8;
    const tail = new Cursor(source, Math.max(0, end));
    const length = tail.u32();
    const magic = tail.text(4);
    if (magic === 'PARE') return inspection.report('encrypted', 'is encrypted, what describes it too');
    if (magic !== 'PAR1' || length > end - 4) throw new Malformed(end, 'there is no footer at its end');
    let seen = 0;
    for (const { path, start, length: bytes } of binariesOf(source, end - length, end)) {
      if ((++seen & TICK) === 0 && inspection.budget.outOfTime)
        return inspection.report('too-much', 'takes longer to read than it may');
      if (path === COLUMN_FILE) columnFile(inspection, start, bytes);
      if (path === METADATA_VALUE) await metadata(inspection, start, bytes);
    }
  },
};

function columnFile(inspection: Inspection, start: number, length: number): void {
  const file = Buffer.from(inspection.source.read(start, Math.min(length, 4096))).toString('utf8');
  if (escapes(file) || /^[a-z][a-z0-9+.-]*:/i.test(file))
    inspection.report('path-traversal', `keeps a column in \`${printable(file)}\`, outside its folder`, {
      offset: start,
    });
}

/** A schema of Arrow as base64, as pyarrow writes it beside that of Parquet; all else is only looked through. */
async function metadata(inspection: Inspection, start: number, length: number): Promise<void> {
  inspectSchema(inspection, start, length);
  const text = Buffer.from(inspection.source.read(start, Math.min(length, SCHEMA_BYTES_MAX)));
  const schema = Buffer.from(text.toString('latin1'), 'base64');
  if (!schema.includes(PICKLED_TYPE)) return;
  inspection.report('arrow-pickle', `has a type (\`${PICKLED_TYPE}\`) that is a pickle`, { offset: start });
  await inspection.part('schema', new BytesSource(schema));
}
