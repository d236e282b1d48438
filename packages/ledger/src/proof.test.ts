import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CodedError } from '@sallyport/core';
import fc from 'fast-check';
import { type NoteSigner, verifierKeysOf } from './checkpoint.ts';
import { Ledger } from './ledger.ts';
import { formatProof, parseProof, verifyProof } from './proof.ts';

const corrupt = { code: 'ledger-corrupt' };

function signer(name = 'example.com/log'): NoteSigner {
  const [classic, lattice] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ml-dsa-44')];
  const raw = (key: typeof classic.publicKey, bytes: number): Buffer =>
    key.export({ format: 'der', type: 'spki' }).subarray(-bytes);
  return {
    name,
    publicKey: raw(classic.publicKey, 32),
    sign: (message) => sign(null, message, classic.privateKey),
    quantumSafePublicKey: raw(lattice.publicKey, 1312),
    signQuantumSafe: (message) => sign(null, message, lattice.privateKey),
  };
}

/** Proofs of every entry of a log of some size. */
async function proofs(size: number, key: NoteSigner): Promise<string[]> {
  const ledger = await Ledger.open({ folder: mkdtempSync(join(tmpdir(), 'ledger-')), signer: key });
  await ledger.append(
    Array.from({ length: size }, (_, i) => ({ leaf: Buffer.from(`entry ${i}`), payload: null })),
  );
  const { leaves, note } = await ledger.prove(Array.from({ length: size }, (_, i) => i));
  await ledger.close();
  return leaves.map(({ leaf, proof }, index) => formatProof({ index, hashes: proof, extra: leaf, note }));
}

describe('proofs', () => {
  it('hold for every entry of logs of many sizes, and for nothing else', async () => {
    const key = signer();
    for (const size of [1, 2, 3, 7, 8, 13, 255, 256, 257]) {
      const all = await proofs(size, key);
      for (const [index, text] of all.entries()) {
        const proven = verifyProof(text, verifierKeysOf(key));
        assert.equal(Buffer.from(proven.entry).toString(), `entry ${index}`);
        assert.deepEqual([proven.index, proven.checkpoint.size], [index, size]);
        assert.ok(proven.signedAt[1]! > 1_700_000_000);
      }
      const parsed = parseProof(all[0]!);
      for (const bad of [
        { ...parsed, extra: Buffer.from('entry x') },
        { ...parsed, index: size },
        { ...parsed, hashes: [...parsed.hashes, Buffer.alloc(32)] },
        ...(size > 1
          ? [
              { ...parsed, index: 1 },
              { ...parsed, hashes: parsed.hashes.slice(1) },
            ]
          : []),
      ])
        assert.throws(() => verifyProof(formatProof(bad), verifierKeysOf(key)), corrupt);
    }
  });

  it('are of one log: keys of another, or of one kind that did not sign, are told', async () => {
    const key = signer();
    const [text] = await proofs(3, key);
    assert.throws(() => verifyProof(text!, verifierKeysOf(signer())), /is not signed by/);
    assert.throws(() => verifyProof(text!, []), corrupt);
    const [classic, lattice] = verifierKeysOf(key);
    const lines = text!.trimEnd().split('\n');
    const stripped = `${lines.slice(0, -1).join('\n')}\n`;
    assert.equal(verifyProof(stripped, [classic]).index, 0);
    assert.throws(() => verifyProof(stripped, [classic, lattice]), /ml-dsa-44/);
  });

  it('that are read print identically, whatever was done to them', async () => {
    const [, text] = (await proofs(5, signer())) as [string, string];
    assert.equal(formatProof(parseProof(text)), text);
    let read = 0;
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.constantFrom(...'— +/=\n0AZaz09é'),
        fc.nat(3),
        (at, put, cut) => {
          const changed = text.slice(0, at) + put + text.slice(at + cut);
          try {
            assert.equal(formatProof(parseProof(changed)), changed);
            read++;
          } catch (fault) {
            assert.ok(fault instanceof CodedError, String(fault));
          }
        },
      ),
      { numRuns: 2000 },
    );
    assert.ok(read > 50, `${read} were read`);
  });
});
