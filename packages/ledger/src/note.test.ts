import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodedError } from '@sallyport/core';
import fc from 'fast-check';
import { testSigner } from '../test/signer.ts';
import {
  cosignature,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  signedAt,
  verifierKeysOf,
} from './checkpoint.ts';
import { formatNote, parseNote } from './note.ts';
import { formatVerifierKey, parseVerifierKey, verifierKey } from './verifier-key.ts';

const corrupt = { code: 'ledger-corrupt' };
const signer = testSigner();
const checkpoint = { origin: signer.name, size: 123, root: Buffer.alloc(32, 7) };
const note = signCheckpoint(checkpoint, signer, 1_700_000_000);

describe('signed notes', () => {
  it('split at their last empty line, and hold no control characters (c2sp.org/signed-note)', () => {
    const { signatures } = parseNote(note);
    const text = 'with\n\nempty lines\n\nin it\n';
    assert.equal(parseNote(formatNote({ text, signatures })).text, text);
    for (const bad of ['a\tb\n', 'a\0b\n', 'a\rb\n', 'a\ud800b\n', ''])
      assert.throws(() => parseNote(formatNote({ text: bad, signatures })), corrupt, JSON.stringify(bad));
    assert.throws(() => parseNote('text\n\n'), corrupt);
    assert.throws(() => parseNote(note.slice(0, -1)), corrupt);
    assert.throws(() => parseNote(note.replace('— ', '- ')), corrupt);
    assert.throws(() => parseNote(note.replace('— example.com/log', '— exam+ple')), corrupt);
    assert.throws(() => parseNote('x'.repeat(2_000_000)), corrupt);
    assert.throws(
      () => parseNote(formatNote({ text: 'a\n', signatures: Array(101).fill(signatures[0]) })),
      corrupt,
    );
  });

  it('that are read print identically, whatever was done to them', () => {
    let read = 0;
    fc.assert(
      fc.property(
        fc.nat(note.length - 1),
        fc.constantFrom(...'— +/=\n\0AZaz09é'),
        fc.nat(3),
        (at, put, cut) => {
          const changed = note.slice(0, at) + put + note.slice(at + cut);
          try {
            assert.equal(formatNote(parseNote(changed)), changed);
            read++;
          } catch (fault) {
            assert.ok(fault instanceof CodedError, String(fault));
          }
        },
      ),
      { numRuns: 3000 },
    );
    assert.ok(read > 100, `${read} were read`);
  });

  it('with signatures of others are passed over, and one that is wrong counts as none', () => {
    const keys = verifierKeysOf(signer);
    const parsed = parseNote(note);
    const stranger = { name: 'someone.else', keyId: Buffer.alloc(4), signature: Buffer.alloc(64) };
    const more = formatNote({ text: parsed.text, signatures: [stranger, ...parsed.signatures, stranger] });
    assert.deepEqual(openCheckpoint(more, ...keys), checkpoint);
    for (const left of [0, 1]) {
      const one = formatNote({ text: parsed.text, signatures: [parsed.signatures[left]!] });
      assert.throws(() => openCheckpoint(one, ...keys), corrupt);
      assert.deepEqual(openCheckpoint(one, keys[left]!), checkpoint);
    }
    const forged = { ...parsed.signatures[0]!, signature: Buffer.alloc(64, 1) };
    assert.throws(
      () => openCheckpoint(formatNote({ text: parsed.text, signatures: [forged] }), keys[0]),
      corrupt,
    );
  });
});

describe('verifier keys', () => {
  it('print what they are read from, and match their own hash', () => {
    for (const key of verifierKeysOf(signer)) {
      const text = formatVerifierKey(key);
      assert.equal(formatVerifierKey(parseVerifierKey(text)), text);
      assert.throws(() => parseVerifierKey(text.replace('example', 'exemple')), corrupt);
      assert.throws(() => parseVerifierKey(`${text.slice(0, -8)}AAAAAAAA`), corrupt);
    }
    assert.throws(() => verifierKey('has space', 'ed25519', signer.publicKey), corrupt);
    assert.throws(() => verifierKey('name', 'ed25519', signer.publicKey.subarray(1)), corrupt);
    // The key of Go's own checksum database, as golang.org/x/mod/sumdb publishes it.
    const published = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';
    assert.equal(formatVerifierKey(parseVerifierKey(published)), published);
  });
});

describe('checkpoints', () => {
  it('have an origin, a size without zeros ahead and a hash (c2sp.org/tlog-checkpoint)', () => {
    const text = formatCheckpoint(checkpoint);
    assert.deepEqual(parseCheckpoint(text), checkpoint);
    assert.deepEqual(parseCheckpoint(`${text}an extension\n`), checkpoint);
    const [origin, size, root] = text.split('\n') as [string, string, string];
    for (const bad of [
      `\n${size}\n${root}\n`,
      `${origin}\n0${size}\n${root}\n`,
      `${origin}\n-1\n${root}\n`,
      `${origin}\n1e3\n${root}\n`,
      `${origin}\n99999999999999999\n${root}\n`,
      `${origin}\n${size}\n${root.slice(0, -2)}\n`,
      `${origin}\n${size}\n${root.replace('=', '')}\n`,
      `${text}\n`,
      text.slice(0, -1),
    ])
      assert.throws(() => parseCheckpoint(bad), corrupt, JSON.stringify(bad));
  });

  it('are cosigned at a time, under a key that signs nothing else (c2sp.org/tlog-cosignature)', () => {
    const text = formatCheckpoint(checkpoint);
    const key = verifierKey('witness.example', 'ed25519-cosignature', signer.publicKey);
    const made = cosignature(key, text, 1_700_000_001, signer.sign);
    assert.equal(made.signature.length, 8 + 64);
    assert.equal(signedAt({ text, signatures: [made] }, key), 1_700_000_001);
    const other = Buffer.from(made.signature);
    other[7]! ^= 1;
    assert.equal(signedAt({ text, signatures: [{ ...made, signature: other }] }, key), null);
    assert.equal(signedAt({ text: text.replace('123', '124'), signatures: [made] }, key), null);
    // The same key under another kind has another id: no signature is taken for one of another kind.
    const plain = verifierKey('witness.example', 'ed25519', signer.publicKey);
    assert.notDeepEqual(plain.keyId, key.keyId);
    assert.equal(signedAt({ text, signatures: [{ ...made, keyId: plain.keyId }] }, plain), null);
    const [, quantumSafe] = verifierKeysOf(signer);
    assert.equal(signedAt(parseNote(note), quantumSafe), 1_700_000_000);
  });
});
