import type { ByteSource } from './byte-source.ts';
import { Cursor, Malformed } from './cursor.ts';

/** One field of a message. */
export interface Field {
  readonly number: number;
  /** Of a varint or fixed field; 0 for all else. */
  readonly value: number;
  /** Where the content of a length-delimited field lies, in the source the message is read from. */
  readonly start: number;
  readonly length: number;
  readonly offset: number;
}

const TEXT_BYTES_MAX = 1024 * 1024;
const UTF8 = new TextDecoder('utf-8');

/** Fields of a message, one after another; content is not read. @throws Truncated, Malformed */
export function* fieldsOf(source: ByteSource, start = 0, end = source.size): Generator<Field> {
  const cursor = new Cursor(source, start);
  while (cursor.offset < end) {
    const offset = cursor.offset;
    const key = cursor.varint();
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (number === 0) throw new Malformed(offset, 'a field without a number');
    if (wire === 0) yield { number, value: cursor.varint(), start: 0, length: 0, offset };
    else if (wire === 1) {
      yield { number, value: cursor.u64(), start: 0, length: 0, offset };
    } else if (wire === 5) yield { number, value: cursor.u32(), start: 0, length: 0, offset };
    else if (wire === 2) {
      const length = cursor.varint();
      const at = cursor.offset;
      if (at + length > end) throw new Malformed(offset, 'a field that is longer than its message');
      yield { number, value: 0, start: at, length, offset };
      cursor.offset = at + length;
    } else if (wire !== 3 && wire !== 4) throw new Malformed(offset, `there is no wire type ${wire}`);
  }
}

/** The text of a field. */
export const textOf = (source: ByteSource, { start, length }: Field): string =>
  UTF8.decode(source.read(start, Math.min(length, TEXT_BYTES_MAX)));

/** A message within a field. */
export const inside = (source: ByteSource, { start, length }: Field): Generator<Field> =>
  fieldsOf(source, start, start + length);
