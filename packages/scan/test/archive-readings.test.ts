import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { type TarPart, tar, zip } from './corpus/archives.ts';
import { little, pickle, reduce, stackGlobal, text } from './corpus/assembler.ts';

const evil = pickle(4, reduce(stackGlobal('os', 'system'), text('x')));
const good = Buffer.from('{"a": 1}');
const join = Buffer.concat;
const scan = async (content: Uint8Array, name: string) => {
  const { verdict, detections } = await scanSource(name, new BytesSource(content));
  return { verdict, techniques: [...new Set(detections.map(({ technique }) => technique))].sort() };
};
const verdictOf = async (content: Uint8Array, name: string): Promise<string> =>
  (await scan(content, name)).verdict;

/** An archive whose first header is changed; its sum is put right, of signed bytes where it is asked for. */
function changed(parts: readonly TarPart[], change: (header: Buffer) => void, isSigned = false): Buffer {
  const archive = tar(parts);
  const header = archive.subarray(0, 512);
  change(header);
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + (isSigned && byte > 127 ? byte - 256 : byte), 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return archive;
}
const record = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  const length = rest.length + String(rest.length + 2).length;
  return `${length}${rest}`;
};
const pax = (...records: readonly string[]): TarPart => ({
  name: 'pax',
  type: 'x',
  content: Buffer.from(records.join('')),
});

describe('a tape archive is read as its readers read it', () => {
  const one: TarPart[] = [{ name: 'naïve.pkl', content: evil }];

  it('with a sum of signed bytes', async () => {
    assert.equal(
      await verdictOf(
        changed(one, () => {}, true),
        'a.tar',
      ),
      'malicious',
    );
    assert.equal(
      await verdictOf(
        changed([{ name: 'é.json', content: good }], () => {}, true),
        'a.tar',
      ),
      'clean',
    );
  });

  it('with a size in any form that a reader knows', async () => {
    const size = (field: string) =>
      changed([{ name: 'a.pkl', content: evil }], (header) =>
        header.write(field.padEnd(12, '\0'), 124, 'latin1'),
      );
    const octal = evil.length.toString(8);
    for (const form of [`0o${octal}`, `+${octal}`, `0_${octal}`, `\t${octal}`])
      assert.deepEqual(
        (await scan(size(form), 'a.tar')).techniques,
        ['ambiguous-archive', 'code-execution'],
        form,
      );
    const binary = changed([{ name: 'a.pkl', content: evil }], (header) => {
      header.fill(0, 124, 136);
      header[124] = 0x80;
      header.writeUInt32BE(evil.length, 132);
    });
    assert.deepEqual((await scan(binary, 'a.tar')).techniques, ['code-execution']);
    assert.notEqual(
      await verdictOf(size('\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0'), 'a.tar'),
      'clean',
    );
  });

  it('with a size in an extended header that says something else', async () => {
    const inner = tar([{ name: 'b.pkl', content: evil }], false);
    const hidden = [pax(record('size', '0')), { name: 'a.json', content: inner }];
    assert.deepEqual((await scan(tar(hidden), 'a.tar')).techniques, ['ambiguous-archive', 'code-execution']);
    for (const value of ['1_0', '+10', ' 10', 'ten'])
      assert.equal(
        await verdictOf(tar([pax(record('size', value)), { name: 'a.json', content: good }]), 'a.tar'),
        'suspicious',
        value,
      );
    const same = [
      pax(record('size', String(good.length)), record('path', 'b.json')),
      { name: 'a', content: good },
    ];
    assert.equal(await verdictOf(tar(same), 'a.tar'), 'clean');
    const everywhere = [
      { ...pax(record('size', '0')), type: 'g' },
      { name: 'a.json', content: good },
    ];
    assert.equal(await verdictOf(tar(everywhere), 'a.tar'), 'suspicious');
    const comment = [
      { ...pax(record('comment', 'abc')), type: 'g' },
      { name: 'a.json', content: good },
    ];
    assert.equal(await verdictOf(tar(comment), 'a.tar'), 'clean');
  });

  it('with members in what others say they hold', async () => {
    const inner = tar([{ name: 'b.pkl', content: evil }], false);
    for (const type of ['2', '5', '1'])
      assert.deepEqual(
        (await scan(tar([{ name: 'a', type, link: 'b', content: inner }]), 'a.tar')).techniques,
        ['ambiguous-archive', 'code-execution'],
        type,
      );
    const folder = changed(
      [
        { name: 'a/', content: good },
        { name: 'b.json', content: good },
      ],
      (header) => {
        header[156] = 0;
      },
    );
    assert.equal(await verdictOf(folder, 'a.tar'), 'clean');
  });

  it('with names that are said twice, or by a header that is not sound', async () => {
    const long: TarPart = { name: '././@LongLink', type: 'L', content: Buffer.from('b.json\0') };
    const member: TarPart = { name: 'a.json', content: good };
    assert.equal(await verdictOf(tar([long, member]), 'a.tar'), 'clean');
    assert.equal(await verdictOf(tar([long, pax(record('path', 'c.json')), member]), 'a.tar'), 'suspicious');
    assert.equal(await verdictOf(tar([pax('99 path=c.json\n'), member]), 'a.tar'), 'suspicious');
    const yaml = Buffer.from('a: !!python/object/apply:os.system [x]\n');
    const solaris = [
      { ...pax(record('path', 'c.yaml')), type: 'X' },
      { name: 'a', content: yaml },
    ];
    assert.equal(await verdictOf(tar(solaris), 'a.tar'), 'malicious', 'the header of Solaris');
    const far = pax(record('comment', 'x'.repeat(100_000)), record('path', 'c.yaml'));
    assert.equal(await verdictOf(tar([far, { name: 'a', content: yaml }]), 'a.tar'), 'malicious');
  });

  it('and is not read whole where it has holes', async () => {
    const sparse = [pax(record('GNU.sparse.major', '1')), { name: 'a.json', content: good }];
    assert.equal(await verdictOf(tar(sparse), 'a.tar'), 'incomplete');
  });
});

describe('a zip archive is read as its readers read it', () => {
  const parts = [{ name: 'a.pkl', content: evil }];
  const clean = [{ name: 'a.json', content: good }];
  const end = (archive: Buffer): number => archive.length - 22;
  const edited = (archive: Buffer, edit: (archive: Buffer, end: number) => void): Buffer => {
    edit(archive, end(archive));
    return archive;
  };
  /** The same with records of 64 bits, whatever they say. */
  const wide = (archive: Buffer, { start, count, size }: { start: number; count: number; size: number }) => {
    const at = end(archive);
    const large = join([
      little(0x06064b50, 4),
      little(44, 8),
      little(45, 2),
      little(45, 2),
      little(0, 8),
      little(count, 8),
      little(count, 8),
      little(size, 8),
      little(start, 8),
    ]);
    const locator = join([little(0x07064b50, 4), little(0, 4), little(at, 8), little(1, 4)]);
    return join([archive.subarray(0, at), large, locator, archive.subarray(at)]);
  };

  it('behind other bytes, with any count', async () => {
    const none = (archive: Buffer, at: number): void => {
      archive.writeUInt16LE(0, at + 8);
      archive.writeUInt16LE(0, at + 10);
    };
    for (const prefix of [Buffer.from('x'), Buffer.alloc(4096, 0x41)])
      assert.equal(await verdictOf(edited(zip(parts, { prefix }), none), 'm.pt'), 'malicious');
    const more = (archive: Buffer, at: number): void => void archive.writeUInt16LE(0xffff, at + 10);
    assert.equal(await verdictOf(edited(zip(clean), more), 'm.pt'), 'suspicious');
  });

  it('with records at its end that agree, and not with others', async () => {
    const plain = zip(clean);
    const said = {
      start: plain.readUInt32LE(end(plain) + 16),
      count: 1,
      size: plain.readUInt32LE(end(plain) + 12),
    };
    assert.equal(await verdictOf(wide(plain, said), 'm.zip'), 'clean');
    assert.equal(await verdictOf(wide(zip(clean), { ...said, count: 0 }), 'm.zip'), 'suspicious');
    assert.equal(await verdictOf(wide(zip(clean), { ...said, start: 0 }), 'm.zip'), 'suspicious');
    const shorter = (archive: Buffer, at: number): void => void archive.writeUInt32LE(said.size - 1, at + 12);
    assert.equal(await verdictOf(edited(zip(clean), shorter), 'm.zip'), 'suspicious');
    const held = zip([{ name: 'b.zip', content: plain }]);
    assert.equal(await verdictOf(held, 'm.zip'), 'clean', 'one in another has an end of its own');
    const two = join([zip(clean), zip(clean, { prefix: Buffer.alloc(0) })]);
    assert.equal(await verdictOf(two, 'm.zip'), 'suspicious');
  });

  it('with a second name in Unicode', async () => {
    const named = (name: string, unicode: string): Buffer => {
      const path = Buffer.from(unicode);
      const field = join([
        little(0x7075, 2),
        little(5 + path.length, 2),
        Buffer.from([1]),
        little(crc32(Buffer.from(name)), 4),
        path,
      ]);
      const archive = zip([{ name, content: Buffer.from('a: !!python/object/apply:os.system [x]\n') }]);
      const directory = archive.readUInt32LE(end(archive) + 16);
      const behind = directory + 46 + Buffer.byteLength(name);
      archive.writeUInt16LE(field.length, directory + 30);
      archive.writeUInt32LE(archive.readUInt32LE(end(archive) + 12) + field.length, end(archive) + 12);
      return join([archive.subarray(0, behind), field, archive.subarray(behind)]);
    };
    assert.deepEqual((await scan(named('a.bin', 'a.yaml'), 'm.zip')).techniques, [
      'ambiguous-archive',
      'config-execution',
    ]);
    const zero = zip([{ name: 'a.json\0.txt', content: good }]);
    assert.equal(await verdictOf(zero, 'm.zip'), 'malicious');
  });
});
