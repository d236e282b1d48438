import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { GatheredBytes } from './gathered-bytes.ts';

it('bytes are gathered as they came, however they were cut', () => {
  const size = fc.oneof(fc.nat(3), fc.nat(5_000), fc.nat(100_000));
  fc.assert(
    fc.property(fc.array(size, { maxLength: 40 }), (sizes) => {
      const gathered = new GatheredBytes();
      const pieces = sizes.map((bytes, n) => Buffer.alloc(bytes, n + 1));
      for (const piece of pieces) gathered.push(piece);
      const all = Buffer.concat(pieces);
      assert.ok(gathered.whole().equals(all));
      assert.equal(gathered.bytes, all.length);
      gathered.clear();
      assert.equal(gathered.whole().length, 0);
    }),
  );
});

it('bytes that come one by one, or one before each larger piece, are held in few blocks of about their size', () => {
  const held = (gathered: GatheredBytes): number =>
    gathered.blocks().reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  const single = new GatheredBytes();
  for (let n = 0; n < 1_000_000; n++) single.push(Buffer.from([n & 255]));
  assert.ok(single.blocks().length < 32);
  assert.ok(held(single) < 1_200_000, `${held(single)}`);
  const mixed = new GatheredBytes();
  for (let n = 0; n < 100; n++) {
    mixed.push(Buffer.from([1]));
    mixed.push(Buffer.allocUnsafeSlow(32 * 1024));
  }
  assert.ok(held(mixed) < 100 * 40 * 1024, `${held(mixed)}`);
});
