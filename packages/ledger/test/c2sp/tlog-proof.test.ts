import assert from 'node:assert/strict';
import { formatCheckpoint, verifierKeysOf, witnessKeys } from '../../src/checkpoint.ts';
import { Ledger } from '../../src/ledger.ts';
import { inclusionProof, leafHash, rootOf } from '../../src/merkle.ts';
import { formatNote, parseNote } from '../../src/note.ts';
import { formatProof, parseProof, verifyProof } from '../../src/proof.ts';
import { testSigner } from '../signer.ts';
import { holds } from './sections.ts';
import {
  classic,
  cosignedLines,
  folder,
  lattice,
  leaves,
  log,
  noteOf,
  refuses,
  root,
  signedText,
  withLines,
} from './world.ts';

const one = testSigner('one.example');
const two = testSigner('two.example');
const [oneKeys, twoKeys] = [witnessKeys(one), witnessKeys(two)];
const tree = [root];
const plain = noteOf(1, tree);
const proof = (change: object = {}): string =>
  formatProof({ index: 0, hashes: [], extra: Buffer.from('x'), note: plain, ...change });
const cosigned = (...by: (typeof one)[]): string =>
  proof({
    note: withLines(
      plain,
      by.flatMap((signer) => cosignedLines(plain, signer)),
    ),
  });
const names = (text: string, keys: readonly (typeof classic)[], quorum?: number): string[] =>
  verifyProof(text, [classic, lattice], { keys, quorum }).witnesses.map(({ name }) => name);

holds('tlog-proof', {
  Format: {
    'begins with a line for its version': () => {
      refuses(() => parseProof(proof().replace('@v1', '@v2')));
      refuses(() => parseProof(` ${proof()}`));
    },
    'may have a line of data that goes along, in base64, and leaves it out where there is none': () => {
      assert.equal(parseProof(proof()).extra.toString(), 'x');
      assert.equal(parseProof(proof({ extra: Buffer.alloc(0) })).extra.length, 0);
      for (const extra of ['extra *', 'extra ', 'extra', 'Extra eA==', 'extra eA'])
        refuses(() => parseProof(proof().replace(/extra .*/, extra)));
    },
    'has an index in decimal, without zeros ahead but for `0`': () => {
      for (const bad of ['00', '01', '-0', '', ' 0', '0x0', `${2n ** 64n}`])
        refuses(() => parseProof(proof().replace('index 0', `index ${bad}`)));
      assert.throws(
        () => parseProof(proof().replace('index 0', `index ${2n ** 53n}`)),
        /more than can be held/,
      );
    },
    'has a hash of 32 bytes on each line, as many as a tree can need': () => {
      refuses(() => parseProof(proof({ hashes: [Buffer.alloc(31)] })));
      refuses(() => parseProof(proof({ hashes: Array.from({ length: 65 }, () => root) })));
    },
    'has the checkpoint behind an empty line, as the log signed it': () => {
      assert.equal(parseProof(proof()).note, plain);
      refuses(() => parseProof(proof().replace('\n\n', '\n')));
      refuses(() => parseProof(proof({ note: parseNote(plain).text })));
    },
    'is printed as it was read': () => {
      for (const text of [proof(), cosigned(one, two)]) assert.equal(formatProof(parseProof(text)), text);
    },
  },
  'Verifying a tlog proof: the log': {
    'the checkpoint is signed by a key of its origin': () => {
      assert.equal(verifyProof(proof(), [classic, lattice]).index, 0);
      refuses(() => verifyProof(proof(), []));
      refuses(() => verifyProof(proof(), [verifierKeysOf(testSigner(log.name))[0]]));
    },
    'an origin that is none of those named is refused, whoever signed': () => {
      const text = formatCheckpoint({ origin: 'other/log', size: 1, root });
      refuses(() => verifyProof(proof({ note: signedText(text) }), [classic]));
      refuses(() => verifyProof(proof({ note: signedText(text, testSigner('other/log')) }), [classic]));
    },
    'of several logs each vouches for its own origin alone': () => {
      const other = testSigner('other.example/log');
      const keys = [...verifierKeysOf(other), classic, lattice];
      assert.equal(verifyProof(proof(), keys).checkpoint.origin, log.name);
      assert.equal(verifyProof(proof({ note: noteOf(1, tree, other) }), keys).checkpoint.origin, other.name);
      const text = parseNote(plain).text;
      refuses(() => verifyProof(proof({ note: signedText(text, other) }), keys));
    },
    'of several keys of an origin, one of each kind has signed: of those that were replaced, too': () => {
      const next = testSigner(log.name);
      const all = [...verifierKeysOf(next), classic, lattice];
      assert.equal(verifyProof(proof(), all).index, 0);
      refuses(() => verifyProof(proof({ note: signedText(parseNote(plain).text) }), all));
      assert.equal(verifyProof(proof({ note: signedText(parseNote(plain).text) }), [classic]).index, 0);
    },
    'a witness key alone proves nothing': () => {
      const text = formatCheckpoint({ origin: log.name, size: 1, root });
      const note = formatNote({ text, signatures: cosignedLines(plain, one) });
      refuses(() => verifyProof(proof({ note }), oneKeys));
      refuses(() => verifyProof(cosigned(one), oneKeys));
      refuses(() => verifyProof(proof({ note }), [classic], { keys: oneKeys }));
    },
    'a line of a key of the log that does not hold rejects the proof': () => {
      const wrong = { ...parseNote(plain).signatures[0]!, signature: Buffer.alloc(64, 1) };
      refuses(() => verifyProof(proof({ note: withLines(plain, [wrong]) }), [classic]));
    },
  },
  'Verifying a tlog proof: witnesses': {
    'known ones are verified and named, and unknown ones passed over': () => {
      const keys = [...oneKeys, ...twoKeys];
      assert.deepEqual(names(cosigned(one, two), keys), ['one.example', 'two.example']);
      assert.deepEqual(names(cosigned(one, two), twoKeys), ['two.example']);
      const { witnesses } = verifyProof(cosigned(one), [classic], { keys: oneKeys });
      assert.deepEqual(witnesses, [{ name: 'one.example', at: 5 }]);
    },
    'so many as a quorum asks for, of those that are known, each counted once': () => {
      const keys = [...oneKeys, ...twoKeys];
      assert.equal(names(cosigned(one), keys, 1).length, 1);
      assert.throws(() => names(cosigned(one), keys, 2), /by 1 of the witnesses named, and must be by 2/);
      assert.throws(() => names(cosigned(one, one), keys, 2), /by 1 of .* by 2/);
      assert.throws(() => names(proof(), keys, 1), /by 0 of .* by 1/);
      assert.equal(names(proof(), [], 0).length, 0);
    },
    'all that are named, where no number is': () => {
      assert.throws(() => names(cosigned(one), [...oneKeys, ...twoKeys]), /by 1 of .* by 2/);
      refuses(() => names(proof(), oneKeys));
    },
    'one counts where each kind of key that is known of it has cosigned': () => {
      const [ed25519] = cosignedLines(plain, one);
      const half = proof({ note: withLines(plain, [ed25519!]) });
      assert.equal(names(half, [oneKeys[0]], 1).length, 1);
      refuses(() => names(half, oneKeys, 1));
    },
    'a line of a known one that does not hold rejects the proof, whatever the quorum': () => {
      const lines = cosignedLines(plain, one);
      const wrong = lines.map((line) => ({ ...line, signature: Buffer.alloc(line.signature.length, 1) }));
      const text = proof({ note: withLines(plain, [...cosignedLines(plain, two), ...wrong]) });
      refuses(() => names(text, [...oneKeys, ...twoKeys], 1));
      assert.equal(names(text, twoKeys, 1).length, 1);
    },
    'the log is no witness of its own': () => {
      refuses(() => names(proof(), [lattice], 1));
      refuses(() => names(cosigned(log), witnessKeys(log), 1));
    },
  },
  'Verifying a tlog proof: inclusion': {
    'the entry leads to the root of that checkpoint, at its place': async () => {
      assert.equal(verifyProof(proof(), [classic, lattice]).index, 0);
      refuses(() => verifyProof(proof({ extra: Buffer.from('y') }), [classic]));
      refuses(() => verifyProof(proof({ index: 1 }), [classic]));
      const hashed = leaves(7);
      const hashes = await inclusionProof(5, 7, async (from, to) => rootOf(hashed.slice(from, to)));
      const of = (index: number, extra = '5'): string =>
        formatProof({ index, hashes, extra: Buffer.from(extra), note: noteOf(7, hashed) });
      assert.equal(verifyProof(of(5), [classic]).checkpoint.size, 7);
      for (const index of [0, 4, 6, 7]) refuses(() => verifyProof(of(index), [classic]));
      refuses(() => verifyProof(of(5, '6'), [classic]));
      assert.deepEqual(leafHash(Buffer.from('5')), hashed[5]);
    },
  },
  'Use of timestamps': {
    'a time is told, and not judged': () => {
      const late = withLines(plain, cosignedLines(plain, one, 2 ** 45));
      assert.deepEqual(verifyProof(proof({ note: late }), [classic], { keys: oneKeys }).witnesses, [
        { name: 'one.example', at: 2 ** 45 },
      ]);
    },
  },
  'A proof under an earlier checkpoint, which witnesses cosigned': {
    'is made while the log grows on, where that checkpoint covers the entry': async () => {
      const ledger = await Ledger.open({ folder: folder(), signer: log });
      const append = (count: number): Promise<number> =>
        ledger.append(
          Array.from({ length: count }, (_, i) => ({
            leaf: Buffer.from(`${ledger.size + i}`),
            payload: null,
          })),
        );
      await append(300);
      await ledger.checkpointNow();
      const { note } = await ledger.prove([]);
      const kept = withLines(note, cosignedLines(note, one));
      await append(500);
      await ledger.checkpointNow();
      const made = async (index: number): Promise<string> => {
        const { leaves: found, note: under } = await ledger.prove([index], kept);
        return formatProof({ index, hashes: found[0]!.proof, extra: found[0]!.leaf, note: under });
      };
      for (const index of [0, 255, 256, 299]) {
        const proven = verifyProof(await made(index), [classic, lattice], { keys: oneKeys, quorum: 1 });
        assert.deepEqual([String(proven.entry), proven.checkpoint.size], [String(index), 300]);
      }
      const newest = verifyProof(await made(300), [classic, lattice]);
      assert.equal(newest.checkpoint.size, 800, 'an entry behind it leads to the newest');
      // One of another log, or another history, is not taken.
      for (const other of [noteOf(300, leaves(300, 'f')), noteOf(300, leaves(300), testSigner('another'))])
        assert.equal((await ledger.prove([0], other)).checkpoint.size, 800);
      await ledger.close();
    },
  },
});
