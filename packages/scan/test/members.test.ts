import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { objectArray } from './corpus/archive-samples.ts';
import { lz4, sevenZip, xz } from './corpus/archives.ts';
import { pickle, reduce, stackGlobal, text } from './corpus/assembler.ts';

const evil = pickle(4, reduce(stackGlobal('os', 'system'), text('x')));
const verdictOf = async (content: Uint8Array, name = 'm.bin'): Promise<string> =>
  (await scanSource(name, new BytesSource(content))).verdict;
const join = Buffer.concat;
const none = Buffer.alloc(0);
const skippable = join([Buffer.from([0x53, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]), Buffer.from('abcd')]);

describe('members of a compressed file, one behind another', () => {
  const codecs = { gzip: gzipSync, zlib: deflateSync, zstd: zstdCompressSync, lz4 };
  for (const [name, pack] of Object.entries(codecs))
    it(`are all read (${name})`, async () => {
      for (const cut of [0, 1, 20])
        assert.equal(
          await verdictOf(join([pack(evil.subarray(0, cut)), pack(evil.subarray(cut))])),
          'malicious',
          `cut at ${cut}`,
        );
      const many = [...evil].map((byte) => pack(Buffer.from([byte])));
      assert.equal(await verdictOf(join(many)), 'malicious', 'one for each byte');
      const large = join([pack(Buffer.alloc(300_000, 'N.')), pack(evil)]);
      assert.notEqual(await verdictOf(large), 'clean', 'behind a large one');
    });

  it('are read behind what readers pass over', async () => {
    for (const zeros of [1, 37, 512, 200_000])
      assert.equal(
        await verdictOf(join([gzipSync(none), Buffer.alloc(zeros), gzipSync(evil)])),
        'malicious',
        `${zeros} zeros`,
      );
    for (const pack of [zstdCompressSync, lz4]) {
      assert.equal(await verdictOf(join([skippable, pack(evil)])), 'malicious');
      assert.equal(
        await verdictOf(join([pack(evil.subarray(0, 5)), skippable, skippable, pack(evil.subarray(5))])),
        'malicious',
      );
    }
    assert.equal(await verdictOf(join([gzipSync(Buffer.from('text')), Buffer.alloc(512)])), 'unrecognised');
    assert.equal(await verdictOf(skippable), 'unrecognised');
  });

  it('that are cut, have another sum or other bytes behind them are not whole', async () => {
    const clean = Buffer.from('{"a": 1}\n');
    for (const [name, pack] of Object.entries(codecs)) {
      const one = pack(clean);
      const told = (content: Buffer) => verdictOf(content, `m.json.${name === 'gzip' ? 'gz' : 'z'}`);
      const whole = await told(one);
      assert.ok(whole === 'clean', `${name}: ${whole}`);
      assert.equal(await told(join([one, Buffer.alloc(600)])), whole, `${name}: padding`);
      const cut = one.subarray(0, -3);
      for (const part of [cut, join([one, cut]), join([one, one.subarray(0, 5)])])
        assert.equal(await told(part), 'incomplete', `${name}: cut`);
      for (const rest of ['x', 'other bytes', '\0\0\0\0\0\0\0\0other bytes'])
        assert.equal(await told(join([one, Buffer.from(rest)])), 'incomplete', `${name}: ${rest}`);
    }
    for (const pack of [gzipSync, deflateSync]) {
      const wrong = Buffer.from(pack(clean));
      wrong[wrong.length - (pack === gzipSync ? 8 : 1)]! ^= 1;
      for (const part of [wrong, join([pack(clean), wrong])])
        assert.equal(await verdictOf(part, 'm.json.gz'), 'incomplete', 'another sum');
    }
  });

  it('of joblib before 0.10 are read whatever its size is written like', async () => {
    for (const size of ['0x40', '40', '  0X40', '40'.padStart(10)])
      assert.equal(
        await verdictOf(join([Buffer.from(`ZF${size.padEnd(19)}`), deflateSync(evil)]), 'm.pkl'),
        'malicious',
        size,
      );
    assert.equal(await verdictOf(Buffer.from(`ZF${'12'.padEnd(40)}`), 'm.pkl'), 'incomplete');
    // With a small window it begins with other letters; what looks like the usual ones further on is not what is read.
    const small = deflateSync(evil, { windowBits: 12, level: 9 });
    assert.notEqual(small[0], 0x78);
    for (const size of ['0x40'.padEnd(19), '40'.padEnd(20)])
      for (const behind of [none, deflateSync(pickle(4, text('x')))])
        assert.equal(
          await verdictOf(join([Buffer.from(`ZF${size}`), small, behind]), 'm.pkl'),
          'malicious',
          size,
        );
    assert.equal(await verdictOf(Buffer.from('ZF is no such file\n'), 'm.txt'), 'unrecognised');
  });
});

it('archives that are not read are incomplete', async () => {
  for (const magic of ['526172211a0700', '4d53434600000000', '1f9d90', '02214c18', '4c5a495001'])
    assert.equal(await verdictOf(join([Buffer.from(magic, 'hex'), evil])), 'incomplete', magic);
});

describe('an array of objects is known', () => {
  const array = (header: string): Buffer => {
    const padded = `${header.padEnd(117)}\n`;
    const length = Buffer.from([padded.length & 255, padded.length >> 8]);
    return join([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(padded), evil]);
  };
  it('however its type is written', async () => {
    const types = [
      "'|O'",
      '"O"',
      "'object'",
      "'O8'",
      "'\\x4f'",
      "'' '|' 'O'",
      "[('a', 'object')]",
      "('O', (1,))",
    ];
    for (const type of types)
      assert.equal(
        await verdictOf(array(`{'descr': ${type}, 'fortran_order': False, 'shape': (1,), }`), 'a.npy'),
        'malicious',
        type,
      );
    const twice = "{'descr': '<i4', 'descr': '|O', 'fortran_order': False, 'shape': (1,), }";
    assert.equal(await verdictOf(array(twice), 'a.npy'), 'malicious');
  });

  it('and one of numbers is none', async () => {
    for (const type of ['<f4', '|b1', '<M8[ns]', '|S7'])
      assert.equal(await verdictOf(objectArray(Buffer.alloc(8), type), 'a.npy'), 'clean', type);
  });
});

/** What Python's `lzma` makes, without a container, of a pickle that calls `posix.system`: nothing, all, two parts, all with 4 KB of memory. */
const LZMA = {
  none: '5d00008000ffffffffffffffff0083fffbffffc0000000',
  all: '5d00008000ffffffffffffffff0040010d373a5e57e769511eb04cb45aef5bc1ec183fb088ed6e39c407cd58bfffead38000',
  first: '5d00008000ffffffffffffffff0040010d373a5e57e76951613055ffffbb1c0000',
  rest: '5d00008000ffffffffffffffff00460189f4572abb38969dcaf0d9bec01054949c275ffffef68800',
  small:
    '5d00100000ffffffffffffffff0040010d373a5e57e769511eb04cb45aef5bc1ec183fb088ed6e39c407cd58bfffead38000',
};

it('streams of LZMA without a container are all read, whatever memory they ask for', async () => {
  const { none: empty, all, first, rest, small } = LZMA;
  for (const hex of [all, small, empty + all, first + rest, empty + empty + small])
    assert.equal(await verdictOf(Buffer.from(hex, 'hex')), 'malicious', hex);
});

/** The same with properties that no encoder writes unasked, and in a container; then `{"a": 1}` in each form. */
const OTHER = {
  none: '5c00100000ffffffffffffffff0083fffbffffc0000000',
  all: '5c00100000ffffffffffffffff0040010d36fc072837634969fc098014f87a1200c01f191b84c84affffe4190000',
  bzip2:
    '425a68393141592653590bc2c2d8000007d3e035000001100002028c6042040800200031434d30004103468f4d214967221cc09eb034715f1772453850900bc2c2d8',
  json: '5d00100000ffffffffffffffff003d888822372840d36d867ac3cfffffc14c0000',
  bzip2Json:
    '425a6839314159265359d80ae9c6000003d9800010500020102000000a2000310c08203349191944f177245385090d80ae9c60',
};
const bytesOf = (...hex: readonly string[]): Buffer => Buffer.from(hex.join(''), 'hex');

describe("streams of LZMA follow each other in whichever form, as Python's reader takes them", () => {
  const xzOf = (content: Uint8Array): string => xz(content).toString('hex');
  it('and are all read', async () => {
    for (const hex of [
      [LZMA.none, xzOf(evil)],
      [LZMA.none, OTHER.none, OTHER.all],
      [xzOf(none), LZMA.all],
      [xzOf(none), OTHER.none, xzOf(evil)],
      [LZMA.none, xzOf(evil.subarray(0, 9)), xzOf(evil.subarray(9))],
    ])
      assert.equal(await verdictOf(bytesOf(...hex)), 'malicious', hex.join(' '));
    for (const name of ['m.pkl.xz', 'm.lzma'])
      assert.equal(await verdictOf(bytesOf(OTHER.all), name), 'malicious', name);
  });

  it('and an index of many blocks is passed over whole', async () => {
    const one = xz(Buffer.from('N.'));
    const block = one.subarray(12, -20);
    const count = 300;
    const lengths = Buffer.from([...Array(count)].flatMap(() => [block.length - 2, 2]));
    const index = join([Buffer.from([0, (count & 127) | 128, count >> 7]), lengths]);
    const padded = join([index, Buffer.alloc((4 - (index.length % 4)) % 4)]);
    const many = join([one.subarray(0, 12), ...Array(count).fill(block), padded, Buffer.alloc(16)]);
    assert.equal(await verdictOf(join([many, xz(evil)]), 'm.xz'), 'malicious');
    assert.equal(await verdictOf(many, 'm.xz'), 'clean');
  });

  it('and other bytes behind the last stream of bzip2, xz or lzma are told', async () => {
    const plain = xzOf(Buffer.from('{"a": 1}\n'));
    for (const [ending, hex] of [
      ['xz', plain],
      ['lzma', OTHER.json],
      ['bz2', OTHER.bzip2Json],
    ] as const) {
      const told = (...more: readonly string[]) => verdictOf(bytesOf(hex, ...more), `m.json.${ending}`);
      assert.equal(await told(), 'clean', ending);
      assert.equal(await told('00'.repeat(512)), 'clean', `${ending}: padding`);
      for (const rest of ['other bytes that are no stream', '\0\0\0\0other bytes that are no stream'])
        assert.equal(await told(Buffer.from(rest).toString('hex')), 'incomplete', `${ending}: ${rest}`);
    }
    assert.equal(await verdictOf(bytesOf(OTHER.bzip2, OTHER.bzip2), 'm.bz2'), 'malicious');
  });
});

it('streams of LZMA that hold nothing end with the time that a file has', async () => {
  const many = Buffer.concat(Array.from({ length: 20_000 }, () => bytesOf(LZMA.none)));
  const { verdict, detections } = await scanSource('a.lzma', new BytesSource(many), {
    budget: { timeMs: 50 },
  });
  assert.equal(verdict, 'incomplete');
  assert.ok(detections.some(({ technique }) => technique === 'too-much'));
});

it('a 7z archive that names nothing is unpacked under its own name, and read', async () => {
  for (const coder of ['copy', 'lzma2'] as const)
    assert.equal(
      await verdictOf(sevenZip([{ name: 'x', content: evil }], { coder, hasNames: false }), 'a.7z'),
      'malicious',
      coder,
    );
});
