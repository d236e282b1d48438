import type { ByteSource } from './byte-source.ts';
import { Cursor, Malformed } from './cursor.ts';

/** Structures and lists within each other: Parquet has about ten. */
const DEPTH_MAX = 32;
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const SET = 10;
const MAP = 11;
const STRUCT = 12;
const UUID = 13;

/** One text, or bytes, of a structure. */
export interface Binary {
  /** Numbers of the fields that lead to it, with dots between them; lists count for nothing. */
  readonly path: string;
  readonly start: number;
  readonly length: number;
}

/**
 * Every text of a structure of Thrift's compact protocol, wherever it stands; content is not read.
 * @throws Truncated, Malformed
 */
export function* binariesOf(source: ByteSource, start: number, end: number): Generator<Binary> {
  const cursor = new Cursor(source, start);
  const path: number[] = [];
  function* value(type: number, depth: number, inList: boolean): Generator<Binary> {
    if (depth > DEPTH_MAX) throw new Malformed(cursor.offset, 'structures within structures without end');
    if (cursor.offset > end) throw new Malformed(cursor.offset, 'a structure that is longer than it says');
    if (type === TRUE || type === FALSE) {
      if (inList) cursor.skip(1);
    } else if (type === BYTE) cursor.skip(1);
    else if (type < DOUBLE && type > 0) cursor.varint();
    else if (type === DOUBLE) cursor.skip(8);
    else if (type === UUID) cursor.skip(16);
    else if (type === BINARY) {
      const length = cursor.varint();
      yield { path: path.join('.'), start: cursor.offset, length };
      cursor.skip(length);
    } else if (type === LIST || type === SET) {
      const head = cursor.u8();
      const count = head >> 4 === 15 ? cursor.varint() : head >> 4;
      for (let i = 0; i < count; i++) yield* value(head & 15, depth + 1, true);
    } else if (type === MAP) {
      const count = cursor.varint();
      const types = count > 0 ? cursor.u8() : 0;
      for (let i = 0; i < count; i++) {
        yield* value(types >> 4, depth + 1, true);
        yield* value(types & 15, depth + 1, true);
      }
    } else if (type === STRUCT) yield* structure(depth + 1);
    else throw new Malformed(cursor.offset, `there is no type ${type}`);
  }
  function* structure(depth: number): Generator<Binary> {
    let number = 0;
    for (;;) {
      const head = cursor.u8();
      if (head === 0) return;
      if (head >> 4 > 0) number += head >> 4;
      else {
        const coded = cursor.varint();
        number = coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2;
      }
      path.push(number);
      yield* value(head & 15, depth, false);
      path.pop();
    }
  }
  yield* structure(0);
  if (cursor.offset > end) throw new Malformed(end, 'a structure that is longer than it says');
}
