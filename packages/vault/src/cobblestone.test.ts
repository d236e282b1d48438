import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { cobblestoneKey, cobblestoneNonce } from './cobblestone.ts';

describe('Cobblestone', () => {
  it('numbers chunks in the last five bytes of the nonce, and ends before 4 PiB', () => {
    for (const base of [Buffer.alloc(12), Buffer.alloc(12, 0xff), randomBytes(12)])
      for (const chunk of [0, 1, 255, 256, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 38 - 1]) {
        const wanted = BigInt(`0x${base.toString('hex')}`) ^ BigInt(chunk);
        const made = cobblestoneNonce(base, chunk).toString('hex');
        assert.equal(made, wanted.toString(16).padStart(24, '0'), String(chunk));
      }
    assert.throws(() => cobblestoneNonce(Buffer.alloc(12), 2 ** 38), RangeError);
  });

  it('takes keys and salts of one length each', () => {
    const salt = randomBytes(24);
    for (const bytes of [0, 16, 24, 31, 33])
      assert.throws(() => cobblestoneKey(randomBytes(bytes), salt, Buffer.alloc(0)), RangeError);
    assert.throws(() => cobblestoneKey(randomBytes(32), salt.subarray(1), Buffer.alloc(0)), RangeError);
    const { key, baseNonce, commitment } = cobblestoneKey(randomBytes(32), salt, Buffer.alloc(0));
    assert.deepEqual([key.symmetricKeySize, baseNonce.length, commitment.length], [32, 12, 32]);
  });
});
