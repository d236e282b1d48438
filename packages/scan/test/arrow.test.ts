import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { little, pickle, reduce, stackGlobal, text } from './corpus/assembler.ts';

const scan = async (name: string, content: Uint8Array): Promise<string> => {
  const { verdict, format, detections } = await scanSource(name, new BytesSource(content));
  return [verdict, format, ...new Set(detections.map(({ technique }) => technique))].join(' ');
};

const EVIL = pickle(4, reduce(stackGlobal('posix', 'system'), text('echo sallyport-corpus')));
const PICKLED = Buffer.concat([
  Buffer.from('ARROW:extension:name\0arrow.py_extension_type\0ARROW:extension:metadata\0'),
  EVIL,
]);

/** A message of Arrow's stream: a flatbuffer whose header is of a kind, with texts behind it. */
function message(kind: number, texts: Uint8Array): Buffer {
  const table = Buffer.concat([
    Buffer.concat([little(16, 4), little(12, 2), little(16, 2), little(4, 2), little(6, 2), little(8, 2)]),
    Buffer.concat([little(0, 2), little(12, 4), little(4, 2), Buffer.from([kind, 0]), little(4, 4)]),
    Buffer.concat([little(0, 4), texts]),
  ]);
  const body = Buffer.concat([table, Buffer.alloc((8 - (table.length % 8)) % 8)]);
  return Buffer.concat([Buffer.alloc(4, 0xff), little(body.length, 4), body]);
}
const streamOf = (texts: Uint8Array): Buffer =>
  Buffer.concat([message(1, texts), Buffer.alloc(4, 0xff), little(0, 4)]);
const fileOf = (schema: Uint8Array, footer: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from('ARROW1\0\0'),
    streamOf(schema),
    footer,
    little(footer.length, 4),
    Buffer.from('ARROW1'),
  ]);

/** Thrift's compact protocol. */
const binary = (value: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(value as Uint8Array);
  const length: number[] = [];
  for (let left = bytes.length; ; left >>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) return Buffer.concat([Buffer.from(length), bytes]);
  }
};
const fields = (...parts: readonly [number, number, Uint8Array][]): Buffer => {
  let last = 0;
  const out: Buffer[] = [];
  for (const [number, type, value] of parts) {
    out.push(Buffer.from([((number - last) << 4) | type]), Buffer.from(value));
    last = number;
  }
  return Buffer.concat([...out, Buffer.from([0])]);
};
const listOf = (...structures: readonly Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.from([(structures.length << 4) | 12]), ...structures]);
const keyed = (key: string, value: string | Uint8Array): Buffer =>
  fields([1, 8, binary(key)], [2, 8, binary(value)]);
/** A Parquet file of one column, of which nothing but its footer is written. */
function parquetOf(metadata: readonly Uint8Array[], columnFile?: string): Buffer {
  const column = fields(
    ...(columnFile === undefined ? [] : [[1, 8, binary(columnFile)] as [number, number, Buffer]]),
    [2, 6, Buffer.from([8])],
  );
  const footer = fields(
    [1, 5, Buffer.from([4])],
    [2, 9, listOf(fields([4, 8, binary('schema')], [5, 5, Buffer.from([2])]))],
    [3, 6, Buffer.from([2])],
    [4, 9, listOf(fields([1, 9, listOf(column)], [2, 6, Buffer.from([8])]))],
    [5, 9, listOf(...metadata)],
    [6, 8, binary('sallyport')],
  );
  return Buffer.concat([
    Buffer.from('PAR1'),
    Buffer.alloc(64),
    footer,
    little(footer.length, 4),
    Buffer.from('PAR1'),
  ]);
}
const schema = (texts: Uint8Array): Buffer => keyed('ARROW:schema', streamOf(texts).toString('base64'));
const HARMLESS = Buffer.from('ARROW:extension:name\0arrow.uuid\0');

describe('Parquet', () => {
  it('is clean where it carries no pickle', async () => {
    assert.equal(
      await scan('a.parquet', parquetOf([keyed('pandas', '{"columns": []}'), schema(HARMLESS)])),
      'clean parquet',
    );
    assert.equal(await scan('a.parquet', parquetOf([], 'part-0.parquet')), 'clean parquet');
  });

  it('is suspicious where it has a type that is a pickle, which is looked into', async () => {
    assert.equal(
      await scan('a.parquet', parquetOf([schema(PICKLED)])),
      'suspicious parquet arrow-pickle hidden-pickle',
    );
    const raw = keyed('ARROW:schema', streamOf(PICKLED).subarray(4).toString('base64'));
    assert.match(await scan('a.parquet', parquetOf([raw])), /^suspicious parquet arrow-pickle/);
  });

  it('is malicious where a column lies outside its folder', async () => {
    assert.equal(
      await scan('a.parquet', parquetOf([], '../../etc/passwd')),
      'malicious parquet path-traversal',
    );
  });

  it('is incomplete where its footer cannot be read', async () => {
    const whole = parquetOf([schema(HARMLESS)]);
    assert.match(await scan('a.parquet', whole.subarray(0, whole.length - 1)), /^incomplete parquet/);
    assert.match(
      await scan('a.parquet', Buffer.concat([Buffer.from('PAR1'), PICKLED, Buffer.from('PAR1')])),
      /^incomplete parquet/,
    );
    assert.match(await scan('a.parquet', Buffer.from('PAR1')), /^incomplete parquet/);
    const none = Buffer.concat([Buffer.from('PAR1'), PICKLED, Buffer.alloc(4), Buffer.from('PAR1')]);
    assert.match(await scan('a.parquet', none), /^incomplete parquet/);
    const broken = Buffer.from(whole);
    broken[broken.length - 8] = 20;
    assert.match(await scan('a.parquet', broken), /^incomplete parquet/);
    const nested = Buffer.concat([Buffer.alloc(100, 0x1c), little(100, 4)]);
    assert.match(
      await scan('a.parquet', Buffer.concat([Buffer.from('PAR1'), nested, Buffer.from('PAR1')])),
      /^incomplete parquet/,
    );
    const sealed = Buffer.concat([whole.subarray(0, -4), Buffer.from('PARE')]);
    assert.match(await scan('a.parquet', sealed), /^incomplete parquet encrypted/);
  });
});

describe('Arrow', () => {
  it('is clean where it carries no pickle', async () => {
    assert.equal(await scan('a.arrow', fileOf(HARMLESS, streamOf(HARMLESS))), 'clean arrow');
    assert.equal(await scan('a.arrows', streamOf(HARMLESS)), 'clean arrow');
  });

  it('is suspicious where its schema, or that behind its parts, has a type that is a pickle', async () => {
    for (const content of [fileOf(PICKLED, HARMLESS), fileOf(HARMLESS, PICKLED), streamOf(PICKLED)])
      assert.equal(await scan('a.arrow', content), 'suspicious arrow arrow-pickle hidden-pickle');
  });

  it('is not what only begins like it', async () => {
    assert.equal(await scan('a.bin', Buffer.concat([Buffer.alloc(4, 0xff), PICKLED])), 'unrecognised data');
    assert.equal(await scan('a.bin', Buffer.alloc(4096, 0xff)), 'unrecognised data');
    assert.equal(await scan('a.bin', message(3, PICKLED)), 'unrecognised data');
    assert.match(
      await scan('a.arrow', Buffer.concat([Buffer.from('ARROW1\0\0'), PICKLED])),
      /^incomplete arrow/,
    );
    assert.match(await scan('a.arrow', fileOf(HARMLESS, PICKLED).subarray(0, -6)), /^incomplete arrow/);
  });
});
