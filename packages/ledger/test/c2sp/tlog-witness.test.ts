import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  formatCheckpoint,
  signCheckpoint,
  signedBy,
  verifierKeysOf,
  witnessKeys,
} from '../../src/checkpoint.ts';
import { rootOf } from '../../src/merkle.ts';
import { formatNote, parseNote } from '../../src/note.ts';
import { type VerifierKey, verifierKey } from '../../src/verifier-key.ts';
import { formatAddCheckpoint, Witness, type WitnessAnswer } from '../../src/witness.ts';
import { testSigner } from '../signer.ts';
import { holds } from './sections.ts';
import {
  classic,
  cosignedLines,
  folder,
  history,
  lattice,
  leaves,
  log,
  noteOf,
  proofOf,
  root,
  signedText,
  withLines,
} from './world.ts';

const own = testSigner('witness.example');
const forks: string[] = [];
const witness = (path = folder(), keys: readonly VerifierKey[] = [classic, lattice]): Witness =>
  new Witness({
    folder: path,
    signer: own,
    keysOf: (origin) => (origin === keys[0]!.name ? keys : null),
    onFork: (origin) => forks.push(origin),
  });
const grown = async (size: number, path?: string): Promise<Witness> => {
  const one = witness(path);
  assert.equal((await one.addCheckpoint(formatAddCheckpoint(0, [], noteOf(size)))).status, 200);
  return one;
};
const status = async (one: Witness, body: string): Promise<number> => (await one.addCheckpoint(body)).status;
const hashOf = (origin: string): string => hash('sha256', origin, 'hex');
const checkpointOf = (one: Witness, origin = log.name): WitnessAnswer => one.checkpointOf(hashOf(origin));
const good = formatAddCheckpoint(0, [], noteOf(10));
const [firstLine] = parseNote(noteOf(10)).signatures;
const bad = { ...firstLine!, signature: Buffer.alloc(64, 1) };
const [, latticeLine] = parseNote(noteOf(10)).signatures;
const badLattice = { ...latticeLine!, signature: Buffer.alloc(2428, 1) };
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const noteOfEmpty = (hex: string): string =>
  signCheckpoint({ origin: log.name, size: 0, root: Buffer.from(hex, 'hex') }, log, 1);

// Of the texts' demands on HTTP itself (POST, GET, its errors): `cli/test/witness.test.ts`, over a socket. `sign-subtree` is
// optional, and not offered. What is demanded of who asks: `server/test/witnesses.test.ts`.
holds('tlog-witness', {
  'add-checkpoint: the request': {
    'is an old size, hashes, an empty line and a checkpoint, or is refused': async () => {
      assert.equal(await status(witness(), good), 200);
      for (const malformed of ['', 'old\n', good.replace('\n\n', '\n'), good.slice(0, 20), `\n${good}`])
        assert.equal(await status(witness(), malformed), 400, JSON.stringify(malformed));
    },
    'ends every line': async () => assert.equal(await status(witness(), good.slice(0, -1)), 400),
    'is UTF-8': async () => {
      const bytes = Buffer.concat([Buffer.from(good), Buffer.from([0xe2, 0x80, 0x94, 0x20, 0xff, 0x0a])]);
      assert.equal((await witness().addCheckpoint(bytes)).status, 400);
      assert.equal((await witness().addCheckpoint(Buffer.from(good))).status, 200);
    },
    'has its old size in decimal without zeros ahead, 0 as `0`': async () => {
      for (const old of ['00', '01', '-0', '+0', ' 0', '0x0', '', '1e1', `${2n ** 64n}`])
        assert.equal(await status(witness(), good.replace('old 0', `old ${old}`)), 400, old);
      assert.equal(await status(witness(), good.replace('old 0', 'new 0')), 400);
    },
    'has one hash in base64 on each line of the proof': async () => {
      for (const line of ['AAAA', root.toString('hex'), `${root.toString('base64')} `, ''])
        assert.equal(await status(witness(), good.replace('old 0\n', `old 0\n${line}\n`)), 400, line);
    },
    'has 63 lines of proof at the most': async () => {
      const many = (count: number) =>
        formatAddCheckpoint(
          0,
          Array.from({ length: count }, () => root),
          noteOf(10),
        );
      assert.equal(await status(witness(), many(64)), 400);
      assert.equal(await status(witness(), many(63)), 422, 'read, and a proof too many');
    },
    'may carry several signatures': async () => {
      const note = withLines(noteOf(10), cosignedLines(noteOf(10), testSigner('another.example')));
      assert.equal(await status(witness(), formatAddCheckpoint(0, [], note)), 200);
    },
  },
  'add-checkpoint: signatures': {
    'an unknown origin is answered 404, whatever else is wrong': async () => {
      const other = testSigner('other.example');
      const body = (size: number, by = other): string =>
        formatAddCheckpoint(0, [], signCheckpoint({ origin: other.name, size, root }, by, 1));
      assert.equal(await status(witness(), body(7)), 404);
      assert.equal(await status(witness(), body(7, testSigner(other.name))), 404);
      assert.equal(await status(witness(), formatAddCheckpoint(9, [], noteOf(7, history, other))), 404);
    },
    'no signature of a trusted key is answered 403': async () => {
      const impostor = testSigner(log.name);
      assert.equal(await status(witness(), formatAddCheckpoint(0, [], noteOf(10, history, impostor))), 403);
      // Signed by a trusted key of another name: the key of the witness itself.
      const text = parseNote(noteOf(10)).text;
      assert.equal(await status(witness(), formatAddCheckpoint(0, [], signedText(text, own))), 403);
    },
    'signatures of unknown keys are ignored, of a known name too': async () => {
      const stranger = { ...bad, name: 'someone.else' };
      const otherId = { ...bad, keyId: Buffer.alloc(4) };
      const note = withLines(noteOf(10), [stranger], [otherId]);
      assert.equal(await status(witness(), formatAddCheckpoint(0, [], note)), 200);
      // Of a key that this witness was not told, the line is a stranger's.
      const only = witness(folder(), [classic]);
      assert.equal(await status(only, formatAddCheckpoint(0, [], withLines(noteOf(10), [badLattice]))), 200);
    },
    'any line of a trusted key that does not hold is answered 403, beside lines that do': async () => {
      for (const note of [
        withLines(noteOf(10), [bad]),
        withLines(noteOf(10), [], [bad]),
        withLines(noteOf(10), [badLattice]),
        withLines(signedText(parseNote(noteOf(10)).text), [badLattice]),
      ])
        assert.equal(await status(witness(), formatAddCheckpoint(0, [], note)), 403);
    },
    'one key of several that are trusted is enough': async () => {
      const note = signedText(parseNote(noteOf(10)).text);
      assert.equal(await status(witness(), formatAddCheckpoint(0, [], note)), 200);
    },
  },
  'add-checkpoint: sizes': {
    'an old size beyond the new one is answered 400': async () => {
      assert.equal(await status(await grown(10), formatAddCheckpoint(11, [], noteOf(10))), 400);
      assert.equal(await status(witness(), good.replace('old 0', `old ${2n ** 64n - 1n}`)), 400);
    },
    'another old size than the one cosigned last is answered 409, with that size and its type': async () => {
      const one = await grown(10);
      for (const old of [0, 9, 11]) {
        const {
          status: code,
          type,
          body,
        } = await one.addCheckpoint(formatAddCheckpoint(old, [], noteOf(12)));
        assert.deepEqual([code, type, body], [409, 'text/x.tlog.size', '10\n']);
      }
      const first = await witness().addCheckpoint(formatAddCheckpoint(3, [], noteOf(12)));
      assert.deepEqual([first.status, first.body], [409, '0\n'], 'of a log that it never cosigned');
    },
    'a size of 64 bits is read; one that cannot be held is refused in those words': async () => {
      for (const size of [2n ** 53n, 2n ** 64n - 1n]) {
        const note = signedText(`${log.name}\n${size}\n${root.toString('base64')}\n`);
        const { status: code, body } = await witness().addCheckpoint(formatAddCheckpoint(0, [], note));
        assert.equal(code, 400);
        assert.match(body, /more than this witness holds/);
        // What comes before is answered first.
        assert.equal(await status(witness(), formatAddCheckpoint(1, [], note)), 409);
        const forged = signedText(parseNote(note).text, testSigner(log.name));
        assert.equal(await status(witness(), formatAddCheckpoint(0, [], forged)), 403);
      }
      const past = signedText(`${log.name}\n${2n ** 64n}\n${root.toString('base64')}\n`);
      assert.match((await witness().addCheckpoint(formatAddCheckpoint(0, [], past))).body, /malformed/);
    },
  },
  'add-checkpoint: consistency': {
    'size 0 has the root of the empty tree, and any other is answered 422': async () => {
      assert.equal(await status(witness(), formatAddCheckpoint(0, [], noteOfEmpty(EMPTY))), 200);
      assert.equal(await status(witness(), formatAddCheckpoint(0, [], noteOfEmpty('00'.repeat(32)))), 422);
    },
    'from size 0 on there is no proof, and one is answered 422': async () =>
      assert.equal(await status(witness(), formatAddCheckpoint(0, [root], noteOf(10))), 422),
    'a proof from the old size to the new one, or 422': async () => {
      const proof = await proofOf(10, 30);
      const one = await grown(10);
      for (const wrong of [[], proof.slice(1), [...proof, root], [...proof].reverse()])
        assert.equal(await status(one, formatAddCheckpoint(10, wrong, noteOf(30))), 422);
      assert.equal(await status(one, formatAddCheckpoint(10, proof, noteOf(30))), 200);
    },
    'the same size has the same root, or is answered 422': async () => {
      const one = await grown(10);
      forks.length = 0;
      assert.equal(await status(one, formatAddCheckpoint(10, [], noteOf(10, leaves(40, 'f')))), 422);
      assert.deepEqual(forks, [log.name], 'and told');
      assert.equal(await status(one, formatAddCheckpoint(10, [], noteOf(10))), 200);
    },
    'what is refused is not cosigned, nor remembered': async () => {
      const one = await grown(10);
      const before = checkpointOf(one).body;
      await status(one, formatAddCheckpoint(10, [root], noteOf(30)));
      assert.deepEqual([one.seen(log.name).size, checkpointOf(one).body], [10, before]);
    },
  },
  'add-checkpoint: the answer': {
    'is 200, with lines of cosignatures of the witness on that checkpoint, each with a time': async () => {
      const { body } = await witness().addCheckpoint(good);
      assert.ok(
        body
          .slice(0, -1)
          .split('\n')
          .every((line) => line.startsWith('— ')),
      );
      assert.ok(body.endsWith('\n'));
      const signed = signedBy(parseNote(noteOf(10) + body), witnessKeys(own));
      assert.equal(signed.size, 2);
      for (const at of signed.values()) assert.ok(at > 1_700_000_000);
    },
    'updates what is remembered, on the disk before it answers': async () => {
      const path = folder();
      await grown(10, path);
      assert.equal(readdirSync(path).length, 1);
      const again = await witness(path).addCheckpoint(formatAddCheckpoint(0, [], noteOf(12)));
      assert.deepEqual([again.status, again.body], [409, '10\n']);
    },
    'of a log of no entries is remembered too': async () => {
      const one = witness();
      await one.addCheckpoint(formatAddCheckpoint(0, [], noteOfEmpty(EMPTY)));
      assert.equal(
        parseNote(checkpointOf(one).body).text,
        `${log.name}\n0\n${rootOf([]).toString('base64')}\n`,
      );
    },
    'checks and stores in one step': async () => {
      const one = await grown(10);
      const fork = [...history.slice(0, 10), ...leaves(30, 'f')];
      const [a, b] = await Promise.all([
        status(one, formatAddCheckpoint(10, await proofOf(10, 20), noteOf(20))),
        status(one, formatAddCheckpoint(10, await proofOf(10, 25, fork), noteOf(25, fork))),
      ]);
      assert.deepEqual([a, b], [200, 409]);
    },
    'leaves ML-DSA-44 out for an origin that it has no form for': async () => {
      const long = testSigner(`example.com/${'o'.repeat(250)}`);
      const key = verifierKey(long.name, 'ed25519', long.publicKey);
      const text = formatCheckpoint({ origin: long.name, size: 1, root });
      const signature = long.sign(Buffer.from(text));
      const note = formatNote({ text, signatures: [{ name: long.name, keyId: key.keyId, signature }] });
      const { status: code, body } = await witness(folder(), [key]).addCheckpoint(
        formatAddCheckpoint(0, [], note),
      );
      assert.deepEqual([code, body.trimEnd().split('\n').length], [200, 1]);
    },
  },
  'Monitor Retrieval Mechanism': {
    'serves the checkpoint with the lines of the log that were verified, and those it answered': async () => {
      const path = folder();
      const one = witness(path);
      const stranger = { ...bad, name: 'someone.else' };
      const asked = formatAddCheckpoint(0, [], withLines(noteOf(10), [stranger]));
      const { body } = await one.addCheckpoint(asked);
      for (const opened of [one, witness(path)]) {
        const answer = checkpointOf(opened);
        assert.equal(answer.status, 200);
        assert.ok(answer.body.endsWith(body));
        const note = parseNote(answer.body);
        assert.equal(note.text, parseNote(noteOf(10)).text);
        assert.equal(signedBy(note, verifierKeysOf(log)).size, 2);
        assert.equal(note.signatures.length, 4, 'and nothing that a stranger sent');
      }
    },
    'names a log by SHA-256 of its origin in small hexadecimal figures': async () => {
      const one = await grown(10);
      assert.equal(one.checkpointOf(hashOf(log.name).toUpperCase()).status, 404);
      for (const name of ['', '../seen', `${hashOf(log.name)}.seen`, '0'.repeat(63)])
        assert.equal(one.checkpointOf(name).status, 404);
    },
    'answers 404 for a log of which it cosigned nothing': async () => {
      assert.equal(checkpointOf(witness()).status, 404);
      assert.equal(checkpointOf(await grown(10), 'other.example').status, 404);
    },
    'goes on from what an earlier version remembered, which kept the text alone': async () => {
      const path = folder();
      writeFileSync(join(path, `${hashOf(log.name)}.seen`), parseNote(noteOf(10)).text);
      const one = witness(path);
      assert.equal(one.seen(log.name).size, 10);
      assert.equal(checkpointOf(one).status, 404);
      assert.equal(await status(one, formatAddCheckpoint(0, [], noteOf(12))), 409);
      assert.equal(await status(one, formatAddCheckpoint(10, [], noteOf(10))), 200);
      assert.equal(checkpointOf(one).status, 200, 'once it has cosigned');
      assert.match(readFileSync(join(path, `${hashOf(log.name)}.seen`), 'utf8'), /witness\.example/);
    },
  },
});
