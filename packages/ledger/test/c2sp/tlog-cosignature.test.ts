import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import {
  cosignature,
  cosignedBytes,
  formatCheckpoint,
  parseCheckpoint,
  signedAt,
  witnessKeys,
} from '../../src/checkpoint.ts';
import { type NoteSignature, parseNote } from '../../src/note.ts';
import {
  formatVerifierKey,
  parseVerifierKey,
  type VerifierKey,
  verifierKey,
} from '../../src/verifier-key.ts';
import { testSigner } from '../signer.ts';
import { holds } from './sections.ts';
import { base64, classic, lattice, log, noteOf, refuses, root } from './world.ts';

const own = testSigner('witness.example');
const [ed25519, mlDsa] = witnessKeys(own);
const { text } = parseNote(noteOf(7));
const cosigned = (key: VerifierKey, seconds: number, signed = text): NoteSignature =>
  cosignature(key, signed, seconds, (message) =>
    key.type === 'ml-dsa-44-cosignature' ? own.signQuantumSafe(message) : own.sign(message),
  );
const at = (line: NoteSignature, key: VerifierKey, over = text): number | null =>
  signedAt({ text: over, signatures: [line] }, key);
/** A signature with another time before it. */
const timed = ({ signature, ...line }: NoteSignature, seconds: bigint): NoteSignature => {
  const bytes = Buffer.from(signature);
  bytes.writeBigUInt64BE(seconds);
  return { ...line, signature: bytes };
};
const idOf = (type: number, key: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([Buffer.from(`${own.name}\n`), Buffer.from([type]), key]), 'buffer').subarray(
    0,
    4,
  );

/** Bytes that ML-DSA-44 signs, put together as the text lays them out. */
function message(name: string, seconds: bigint, origin: string, size: bigint, over = root): Buffer {
  const numbers = Buffer.alloc(24);
  numbers.writeBigUInt64BE(seconds, 0);
  numbers.writeBigUInt64BE(0n, 8);
  numbers.writeBigUInt64BE(size, 16);
  const named = (one: string): Buffer[] => [Buffer.from([Buffer.byteLength(one)]), Buffer.from(one)];
  const label = Buffer.from('737562747265652f76310a00', 'hex');
  return Buffer.concat([
    label,
    ...named(name),
    numbers.subarray(0, 8),
    ...named(origin),
    numbers.subarray(8),
    over,
  ]);
}

holds('tlog-cosignature', {
  Format: {
    'an Ed25519 key has the id of name, 0x04 and key': () =>
      assert.deepEqual(ed25519.keyId, idOf(4, own.publicKey)),
    'an ML-DSA-44 key has the id of name, 0x06 and key': () =>
      assert.deepEqual(mlDsa.keyId, idOf(6, own.quantumSafePublicKey)),
    'keys are written as verifier keys, of 32 and of 1,312 bytes': () => {
      for (const key of [ed25519, mlDsa]) {
        assert.deepEqual(parseVerifierKey(formatVerifierKey(key)), key);
        refuses(() => verifierKey(own.name, key.type, key.publicKey.subarray(1)));
      }
    },
    'a signature is eight bytes of time, the greater first, and 64 or 2,420 of signature': () => {
      for (const [key, bytes] of [
        [ed25519, 72],
        [mlDsa, 2428],
      ] as const) {
        const { signature } = cosigned(key, 5);
        assert.deepEqual([signature.length, Buffer.from(signature).readBigUInt64BE()], [bytes, 5n]);
        assert.equal(at({ ...cosigned(key, 5), signature: signature.subarray(0, 8) }, key), null);
        assert.equal(at({ ...cosigned(key, 5), signature: signature.subarray(0, -1) }, key), null);
      }
    },
    'a time goes to 2^63 - 1 and no further': () => {
      for (const key of [ed25519, mlDsa]) {
        const sign = (seconds: bigint): NoteSignature => {
          const bytes = cosignedBytes(key, text, seconds);
          const signature = key === mlDsa ? own.signQuantumSafe(bytes) : own.sign(bytes);
          return timed(
            { name: key.name, keyId: key.keyId, signature: Buffer.concat([Buffer.alloc(8), signature]) },
            seconds,
          );
        };
        assert.equal(at(sign(2n ** 63n - 1n), key), Number(2n ** 63n - 1n));
        assert.equal(at(sign(2n ** 63n), key), null);
      }
    },
  },
  'Ed25519 signed message': {
    'is a line for the version, a line for the time, and the whole text': () =>
      assert.equal(cosignedBytes(ed25519, text, 12).toString(), `cosignature/v1\ntime 12\n${text}`),
    'has its time in decimal without zeros ahead': () =>
      assert.match(cosignedBytes(ed25519, text, 2n ** 63n - 1n).toString(), /\ntime 9223372036854775807\n/),
    'takes in lines of extensions': () => {
      const line = cosigned(ed25519, 5, `${text}more\n`);
      assert.deepEqual([at(line, ed25519, `${text}more\n`), at(line, ed25519)], [5, null]);
    },
    'is another for another time': () => assert.equal(at(timed(cosigned(ed25519, 5), 6n), ed25519), null),
    'is not what an Ed25519 key of a log signs, nor the other way round': () => {
      assert.equal(at({ ...cosigned(ed25519, 5), keyId: classic.keyId, name: classic.name }, classic), null);
      assert.equal(signedAt(parseNote(noteOf(7)), witnessKeys(log)[0]), null);
    },
  },
  'ML-DSA-44 signed message': {
    'is a label, name, time, origin, 0, size and root': () => {
      const over = parseCheckpoint(text).root;
      assert.deepEqual(cosignedBytes(mlDsa, text, 12), message(own.name, 12n, log.name, 7n, over));
      const of = formatCheckpoint({ origin: 'o', size: 9, root });
      assert.deepEqual(cosignedBytes(mlDsa, of, 0), message(own.name, 0n, 'o', 9n));
    },
    'has a size of 64 bits': () => {
      const size = 2n ** 64n - 1n;
      assert.deepEqual(cosignedBytes(mlDsa, `o\n${size}\n${base64}\n`, 1), message(own.name, 1n, 'o', size));
    },
    'has names and origins of 1 to 255 bytes, and none of another length is signed': () => {
      const of = (origin: string): string => formatCheckpoint({ origin, size: 1, root });
      for (const origin of ['o', 'o'.repeat(255), 'é'.repeat(127)])
        assert.deepEqual(cosignedBytes(mlDsa, of(origin), 1), message(own.name, 1n, origin, 1n));
      for (const origin of ['o'.repeat(256), 'o'.repeat(300), 'é'.repeat(128)]) {
        refuses(() => cosignedBytes(mlDsa, of(origin), 1));
        refuses(() => verifierKey(origin, 'ml-dsa-44-cosignature', own.quantumSafePublicKey));
        // A line under such an origin holds for no key, and is no crash.
        assert.equal(at(cosigned(mlDsa, 5), mlDsa, of(origin)), null);
        // Ed25519 has no such bound.
        assert.equal(at(cosigned(ed25519, 5, of(origin)), ed25519, of(origin)), 5);
      }
    },
    'leaves lines of extensions out': () => assert.equal(at(cosigned(mlDsa, 5), mlDsa, `${text}more\n`), 5),
    'is another for another name, time, origin, size or root': () => {
      assert.equal(at(timed(cosigned(mlDsa, 5), 6n), mlDsa), null);
      for (const other of [
        `x${text}`,
        text.replace('\n7\n', '\n8\n'),
        formatCheckpoint({ origin: log.name, size: 7, root }),
      ])
        assert.equal(at(cosigned(mlDsa, 5), mlDsa, other), null);
      assert.notDeepEqual(cosignedBytes(mlDsa, text, 1), cosignedBytes(lattice, text, 1));
    },
    'may have the time 0': () => assert.equal(at(cosigned(mlDsa, 0), mlDsa), 0),
  },
});
