import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { objectArray } from './corpus/archive-samples.ts';
import { lz4 } from './corpus/archives.ts';
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
