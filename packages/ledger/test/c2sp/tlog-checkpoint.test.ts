import assert from 'node:assert/strict';
import { openCheckpoint, parseCheckpoint, readCheckpoint } from '../../src/checkpoint.ts';
import { Ledger } from '../../src/ledger.ts';
import { verifyConsistency } from '../../src/merkle.ts';
import { parseNote } from '../../src/note.ts';
import { holds } from './sections.ts';
import {
  base64,
  classic,
  cosignedLines,
  folder,
  lattice,
  log,
  noteOf,
  refuses,
  root,
  withLines,
} from './world.ts';

holds('tlog-checkpoint', {
  'Note text': {
    'has three lines that are not empty, each ended': () => {
      assert.deepEqual(parseCheckpoint(`o\n7\n${base64}\n`), { origin: 'o', size: 7, root });
      for (const bad of ['', 'o\n', 'o\n7\n', `o\n7\n${base64}`, `o\n\n7\n${base64}\n`])
        refuses(() => parseCheckpoint(bad));
    },
    'has an origin that is not empty, of any form': () => {
      refuses(() => parseCheckpoint(`\n7\n${base64}\n`));
      for (const origin of ['two words', 'a+b', '—', 'https://x/', '7'])
        assert.equal(parseCheckpoint(`${origin}\n7\n${base64}\n`).origin, origin);
    },
    'has its size in ASCII decimal, without zeros ahead but for `0`': () => {
      for (const size of ['07', '00', '+7', '-7', ' 7', '7 ', '0x7', '', '1e3', '7.0', '٧', '7_0'])
        refuses(() => parseCheckpoint(`o\n${size}\n${base64}\n`));
      assert.equal(parseCheckpoint(`o\n0\n${base64}\n`).size, 0);
    },
    'has a size of 64 bits, which is read; what cannot be held is refused in those words': () => {
      const text = (size: bigint): string => `o\n${size}\n${base64}\n`;
      assert.equal(parseCheckpoint(text(2n ** 53n - 1n)).size, Number.MAX_SAFE_INTEGER);
      for (const size of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
        assert.equal(readCheckpoint(text(size)).size, size);
        assert.throws(() => parseCheckpoint(text(size)), /more than can be held here/);
      }
      assert.throws(() => parseCheckpoint(text(2n ** 64n)), /malformed/);
    },
    'has the base64 of a root of 32 bytes': () => {
      for (const bad of ['', 'AAAA', base64.slice(0, -1), `${base64}A`, root.toString('hex'), ` ${base64}`])
        refuses(() => parseCheckpoint(`o\n7\n${bad}\n`));
    },
    'may have lines of extensions behind, none of them empty': () => {
      assert.deepEqual(parseCheckpoint(`o\n7\n${base64}\nmore\n7\n`), { origin: 'o', size: 7, root });
      for (const bad of ['\n', '\nmore\n', 'more\n\n', 'more\n\nmore\n'])
        refuses(() => parseCheckpoint(`o\n7\n${base64}\n${bad}`));
    },
  },
  Signatures: {
    'are on no checkpoint that does not go on from those before': async () => {
      const ledger = await Ledger.open({ folder: folder(), signer: log });
      const earlier = [];
      for (let round = 0; round < 12; round++) {
        await ledger.append([{ leaf: Buffer.from(`${round}`), payload: null }]);
        earlier.push(await ledger.checkpointNow());
      }
      for (const { size, root: before } of earlier) {
        const { proof, checkpoint } = await ledger.proveConsistency(size);
        assert.ok(verifyConsistency(size, checkpoint.size, proof, before, checkpoint.root), `${size}`);
      }
      await ledger.close();
    },
    'have the origin for their name, Ed25519 and ML-DSA-44, and no extensions': () => {
      const { text, signatures } = parseNote(noteOf(7));
      assert.equal(text.split('\n').length, 4);
      assert.ok(signatures.every(({ name }) => name === parseCheckpoint(text).origin));
      assert.equal(openCheckpoint(noteOf(7), classic, lattice).size, 7);
    },
    'of others are ignored: keys that were replaced, and witnesses': () => {
      const stranger = { name: 'witness.example', keyId: Buffer.alloc(4), signature: Buffer.alloc(72) };
      assert.equal(openCheckpoint(withLines(noteOf(7), [stranger]), classic, lattice).size, 7);
      assert.equal(openCheckpoint(withLines(noteOf(7), cosignedLines(noteOf(7), log)), classic).size, 7);
    },
  },
});
