const START_BYTES = 8;
const HEADER_BYTES_MAX = 65_536;

/** Begins every header: which kind of file it is, and of which training run. */
export interface ModelFileHeader {
  readonly format: string;
  readonly version: string;
}

/** Puts a model into a file: four bytes that say whose it is, the length of the header, the header as JSON, the tables. */
export function encodeModelFile(
  magic: number,
  header: ModelFileHeader,
  tables: readonly Int8Array[],
): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(START_BYTES);
  start.writeUInt32BE(magic, 0);
  start.writeUInt32BE(json.length, 4);
  return Buffer.concat([
    start,
    json,
    ...tables.map((table) => Buffer.from(table.buffer, table.byteOffset, table.length)),
  ]);
}

/**
 * Opens what {@link encodeModelFile} made; whether it is the right one is for the caller to verify.
 * @returns the header, and a function that takes the next table of so many bytes, a power of two within bounds
 * @throws RangeError when it is none, and when it is cut short
 */
export function openModelFile<H extends ModelFileHeader>(
  file: Uint8Array,
  magic: number,
  format: H['format'],
): { header: H; take: (size: number) => Int8Array } {
  const view = Buffer.from(file.buffer, file.byteOffset, file.length);
  if (view.length < START_BYTES || view.readUInt32BE(0) !== magic)
    throw new RangeError(`not a model file of format ${format}`);
  const headerBytes = view.readUInt32BE(4);
  if (headerBytes > HEADER_BYTES_MAX || START_BYTES + headerBytes > view.length)
    throw new RangeError('the header of the model is cut short');
  const header = JSON.parse(view.subarray(START_BYTES, START_BYTES + headerBytes).toString()) as H;
  if (header.format !== format)
    throw new RangeError(`the format of the model is ${header.format}, and only ${format} is known`);
  let at = START_BYTES + headerBytes;
  const take = (size: number): Int8Array => {
    if (!Number.isSafeInteger(size) || size <= 0 || at + size > view.length)
      throw new RangeError('the model is cut short');
    const table = new Int8Array(view.buffer, view.byteOffset + at, size);
    at += size;
    return table;
  };
  return { header, take };
}
