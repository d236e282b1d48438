import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unfilterX86 } from '../src/bytes/x86-filter.ts';

const isEdge = (byte: number): boolean => byte === 0 || byte === 255;

/** The filter as packers apply it, over a whole file at once (LZMA SDK, `Bra86.c`, encoding). */
function filterX86(bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  let previous = -1;
  let mask = 0;
  for (let at = 0; at < out.length - 4; ) {
    if ((out[at]! & 0xfe) !== 0xe8) {
      at++;
      continue;
    }
    const distance = at - previous;
    mask = distance > 3 ? 0 : (mask << (distance - 1)) & 7;
    previous = at;
    const reach = [0, 1, 2, 2, 3, 3, 3, 3][mask]!;
    const isAlone = mask === 0 || ([0, 1, 2, 4].includes(mask) && !isEdge(out[at + 4 - reach]!));
    if (!isAlone || !isEdge(out[at + 4]!)) {
      mask = ((mask << 1) & 7) | 1;
      at++;
      continue;
    }
    let source = out.readUInt32LE(at + 1);
    let value: number;
    for (;;) {
      value = (source + at + 5) >>> 0;
      if (mask === 0 || !isEdge((value >>> (24 - reach * 8)) & 255)) break;
      source = (value ^ (2 ** (32 - reach * 8) - 1)) >>> 0;
    }
    out.writeUInt32LE((value & 0x01000000 ? value | 0xff000000 : value & 0x00ffffff) >>> 0, at + 1);
    at += 5;
  }
  return out;
}

function* pieces(bytes: Buffer, length: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + length();
    yield bytes.subarray(at, end);
    at = end;
  }
}

describe('the filter for x86 code', () => {
  it('is undone, however the bytes come', () => {
    let seed = 7;
    const next = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const likely = [0xe8, 0xe9, 0x00, 0xff, 0x01, 0xfe, 0x7f];
    for (let round = 0; round < 400; round++) {
      const code = Buffer.from(
        Array.from({ length: 1 + next(600) }, () => (next(3) > 0 ? likely[next(likely.length)]! : next(256))),
      );
      const undone = Buffer.concat([...unfilterX86(pieces(filterX86(code), () => 1 + next(40)))]);
      assert.deepEqual(undone, code, `round ${round}`);
    }
  });
});
