import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { testSigner } from '../test/signer.ts';
import {
  cosignature,
  cosignedBytes,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  signedAt,
  verifierKeysOf,
  witnessKeys,
} from './checkpoint.ts';
import { Ledger } from './ledger.ts';
import { consistencyProof, leafHash, nodeHash, rootOf } from './merkle.ts';
import { formatNote, parseNote } from './note.ts';
import { formatProof, parseProof, verifyProof } from './proof.ts';
import { decodeBundle, decodeTile, encodeBundle, entriesPath, tilePath } from './tile.ts';
import { formatVerifierKey, parseVerifierKey, verifierKey } from './verifier-key.ts';
import { formatAddCheckpoint, Witness } from './witness.ts';

// Each rule that the specifications of C2SP put on a log, a verifier or a witness, in words of our own, with one check
// of its own. Rules about serving over HTTP do not apply: what is served here is a folder.
const corrupt = { code: 'ledger-corrupt' };
const signer = testSigner('example.com/log');
const [classic, lattice] = verifierKeysOf(signer);
const root = leafHash(Buffer.from('x'));
const checkpoint = { origin: signer.name, size: 7, root };
const note = signCheckpoint(checkpoint, signer, 1_700_000_000);
const [text, lines] = note.split('\n\n') as [string, string];
const [firstLine] = lines.split('\n') as [string];
const base64 = root.toString('base64');
const folder = (): string => mkdtempSync(join(tmpdir(), 'ledger-'));
const leaves = (count: number, salt = ''): Buffer[] =>
  Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`${salt}${i}`)));

const refuses = (what: () => unknown): void => {
  assert.throws(what, corrupt);
};
type Rules = Readonly<Record<string, () => unknown>>;

const SIGNED_NOTE: Rules = {
  'a note ends its text with a line break': () => refuses(() => parseNote(`${text}\n${firstLine}\n`)),
  'a note has at least one signature': () => refuses(() => parseNote(`${text}\n\n`)),
  'a text may hold empty lines: signatures stand behind the last one': () =>
    assert.equal(parseNote(`a\n\nb\n\n${firstLine}\n`).text, 'a\n\nb\n'),
  'a text holds no control characters but line breaks': () => {
    for (const bad of ['\t', '\r', '\0', '\x1f']) refuses(() => parseNote(`a${bad}\n\n${firstLine}\n`));
  },
  'a note is valid UTF-8': () => refuses(() => parseNote(`a\ufffd\n\n${firstLine}\n`)),
  'a signature begins with an em dash and a space': () =>
    refuses(() => parseNote(note.replaceAll('— ', '- '))),
  'a name holds no spaces and no plus': () => {
    for (const name of ['a b', 'a+b', 'a\u00a0b', ''])
      refuses(() => parseNote(`a\n\n— ${name} ${'A'.repeat(12)}\n`));
    refuses(() => verifierKey('a+b', 'ed25519', Buffer.alloc(32)));
  },
  'a signature is base64 in its one spelling, behind four bytes of key id': () => {
    refuses(() => parseNote('a\n\n— n AAAA\n'));
    refuses(() => parseNote('a\n\n— n AAAAAAB=\n'));
    refuses(() => parseNote('a\n\n— n AAAA AAAA\n'));
  },
  'every line of signatures ends': () => refuses(() => parseNote(note.trimEnd())),
  'signatures of keys that are not known are passed over': () => {
    const stranger = '— someone.else AAAAAAAA\n';
    assert.deepEqual(openCheckpoint(`${text}\n\n${stranger}${lines}`, classic), checkpoint);
    // Of a known name too, where the key is another.
    const other = verifierKeysOf(testSigner(signer.name))[0];
    assert.equal(signedAt(parseNote(note), other), null);
  },
  'a wrong signature of a known key is not made up for by a right one': () => {
    const { signatures, text: own } = parseNote(note);
    const wrong = { ...signatures[0]!, signature: Buffer.alloc(64, 1) };
    refuses(() => openCheckpoint(formatNote({ text: own, signatures: [wrong, ...signatures] }), classic));
  },
  'the number of signatures is bounded': () =>
    refuses(() => parseNote(`${text}\n\n${'— someone.else AAAAAAAA\n'.repeat(10_000)}`)),
  'a verifier key matches its own hash, and has the length of its type': () => {
    const key = formatVerifierKey(classic);
    assert.deepEqual(parseVerifierKey(key), classic);
    refuses(() =>
      parseVerifierKey(key.replace(/\+([0-9a-f])/, (_, digit) => `+${digit === '0' ? '1' : '0'}`)),
    );
    refuses(() => verifierKey('n', 'ed25519', Buffer.alloc(31)));
  },
  'a key id is the hash of name, type and key': () =>
    assert.notDeepEqual(classic.keyId, verifierKey(`${signer.name}x`, 'ed25519', classic.publicKey).keyId),
};

const CHECKPOINT: Rules = {
  'a checkpoint has an origin that is not empty': () => refuses(() => parseCheckpoint(`\n7\n${base64}\n`)),
  'its size is decimal, without zeros ahead, signs or spaces': () => {
    for (const size of ['07', '+7', '-7', ' 7', '7 ', '0x7', '', '1e3', '9'.repeat(17)])
      refuses(() => parseCheckpoint(`o\n${size}\n${base64}\n`));
    assert.equal(parseCheckpoint(`o\n0\n${base64}\n`).size, 0);
  },
  'its root is 32 bytes of base64': () => {
    for (const bad of ['', 'AAAA', base64.slice(0, -1), `${base64}A`, root.toString('hex')])
      refuses(() => parseCheckpoint(`o\n7\n${bad}\n`));
  },
  'it has at least three lines, each ended': () => {
    refuses(() => parseCheckpoint('o\n7\n'));
    refuses(() => parseCheckpoint(`o\n7\n${base64}`));
  },
  'lines of extensions are passed over, and none is empty': () => {
    assert.deepEqual(parseCheckpoint(`o\n7\n${base64}\nmore\n`), { origin: 'o', size: 7, root });
    refuses(() => parseCheckpoint(`o\n7\n${base64}\n\nmore\n`));
  },
  'the log signs it under its origin': () => {
    assert.equal(parseCheckpoint(parseNote(note).text).origin, signer.name);
    assert.ok(parseNote(note).signatures.every(({ name }) => name === signer.name));
  },
  'the root of an empty tree is the hash of nothing': () =>
    assert.equal(
      rootOf([]).toString('hex'),
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    ),
};

const COSIGNATURE: Rules = {
  'it is over a line that names its version, the time, and the whole text': () => {
    const key = witnessKeys(signer)[0];
    assert.equal(cosignedBytes(key, `${text}\n`, 12).toString(), `cosignature/v1\ntime 12\n${text}\n`);
  },
  'it carries its time in eight bytes, ahead of the signature': () => {
    const line = cosignature(witnessKeys(signer)[0], `${text}\n`, 5, (message) => signer.sign(message));
    assert.deepEqual([line.signature.length, Buffer.from(line.signature).readBigUInt64BE()], [72, 5n]);
  },
  'its time cannot be changed': () => {
    const own = parseNote(note);
    const line = cosignature(witnessKeys(signer)[0], own.text, 5, (message) => signer.sign(message));
    const later = Buffer.from(line.signature);
    later.writeBigUInt64BE(6n);
    const at = (signature: Uint8Array): number | null =>
      signedAt({ ...own, signatures: [{ ...line, signature }] }, witnessKeys(signer)[0]);
    assert.deepEqual([at(line.signature), at(later)], [5, null]);
  },
  'its key has a type of its own, so that a checkpoint is no cosignature': () => {
    assert.notDeepEqual(witnessKeys(signer)[0].keyId, classic.keyId);
    assert.equal(signedAt(parseNote(note), witnessKeys(signer)[0]), null);
  },
  'the quantum-safe one covers origin, size and root': () => {
    const at = (change: object): string =>
      cosignedBytes(lattice, formatCheckpoint({ ...checkpoint, ...change }), 1).toString('hex');
    const all = [at({}), at({ origin: 'o' }), at({ size: 8 }), at({ root: Buffer.alloc(32) })];
    assert.equal(new Set(all).size, 4);
  },
};

const history = leaves(40);
const noteOf = (size: number, of = history): string =>
  signCheckpoint({ origin: signer.name, size, root: rootOf(of.slice(0, size)) }, signer, 1);
const proofOf = (old: number, size: number, of = history): Promise<Buffer[]> =>
  consistencyProof(old, size, async (from, to) => rootOf(of.slice(from, to)));
const witness = (path = folder()): Witness =>
  new Witness({
    folder: path,
    signer: testSigner('witness.example'),
    keysOf: (origin) => (origin === signer.name ? [classic] : null),
  });
const answers = async (one: Witness, body: string): Promise<string> => {
  const { status, type, body: said } = await one.addCheckpoint(body);
  return status === 200 ? '200' : `${status} ${type.split(';')[0]} ${said.trim().slice(0, 8)}`;
};
const grown = async (size: number, path?: string): Promise<Witness> => {
  const one = witness(path);
  assert.equal(await answers(one, formatAddCheckpoint(0, [], noteOf(size))), '200');
  return one;
};

const WITNESS: Rules = {
  'a log that is not known is answered 404': async () => {
    const other = testSigner('other.example');
    const body = formatAddCheckpoint(0, [], signCheckpoint({ ...checkpoint, origin: other.name }, other, 1));
    assert.match(await answers(witness(), body), /^404/);
  },
  'a checkpoint that no key of its log signed is answered 403': async () => {
    const impostor = testSigner(signer.name);
    const body = formatAddCheckpoint(0, [], signCheckpoint(checkpoint, impostor, 1));
    assert.match(await answers(witness(), body), /^403/);
  },
  'an old size beyond the new one is answered 400': async () =>
    assert.match(await answers(await grown(10), formatAddCheckpoint(11, [], noteOf(10))), /^400/),
  'an old size that is not the one it knows is answered 409, with that size': async () => {
    const one = await grown(10);
    assert.equal(await answers(one, formatAddCheckpoint(9, [], noteOf(12))), '409 text/x.tlog.size 10');
    assert.equal(await answers(one, formatAddCheckpoint(0, [], noteOf(12))), '409 text/x.tlog.size 10');
  },
  'another root of the size that it knows is answered 409': async () =>
    assert.match(
      await answers(await grown(10), formatAddCheckpoint(10, [], noteOf(10, leaves(40, 'f')))),
      /^409/,
    ),
  'a proof that does not lead there is answered 422': async () => {
    const proof = await proofOf(10, 30);
    const one = await grown(10);
    for (const bad of [[], proof.slice(1), [...proof, root], [...proof].reverse()])
      assert.match(await answers(one, formatAddCheckpoint(10, bad, noteOf(30))), /^422/);
  },
  'a first checkpoint comes without a proof, and one with is refused': async () =>
    assert.match(await answers(witness(), formatAddCheckpoint(0, [root], noteOf(10))), /^422/),
  'at most 63 hashes are read': async () => {
    const many = Array.from({ length: 64 }, () => root);
    assert.match(await answers(witness(), formatAddCheckpoint(0, many, noteOf(10))), /^400/);
  },
  'what it saw is stored before it answers, and is known after a restart': async () => {
    const path = folder();
    await grown(10, path);
    assert.equal(readdirSync(path).length, 1);
    assert.equal(
      await answers(witness(path), formatAddCheckpoint(0, [], noteOf(12))),
      '409 text/x.tlog.size 10',
    );
  },
  'the same checkpoint again is cosigned again': async () =>
    assert.equal(await answers(await grown(10), formatAddCheckpoint(10, [], noteOf(10))), '200'),
  'what is checked and what is stored is one step': async () => {
    const one = await grown(10);
    const fork = [...history.slice(0, 10), ...leaves(30, 'f')];
    const [a, b] = await Promise.all([
      answers(one, formatAddCheckpoint(10, await proofOf(10, 20), noteOf(20))),
      answers(one, formatAddCheckpoint(10, await proofOf(10, 25, fork), noteOf(25, fork))),
    ]);
    assert.deepEqual([a, b!.slice(0, 3)], ['200', '409']);
  },
  'malformed requests are answered 400': async () => {
    const good = formatAddCheckpoint(0, [], noteOf(10));
    for (const bad of [
      '',
      'old\n',
      good.replace('old 0', 'old 00'),
      good.replace('old 0', 'new 0'),
      good.slice(0, 20),
    ])
      assert.match(await answers(witness(), bad), /^400/);
  },
};

const TILES: Rules = {
  'numbers are groups of three digits, all but the last behind an x': () => {
    assert.equal(tilePath(0, 1_234_067, 256), 'tile/0/x001/x234/067');
    assert.equal(tilePath(3, 5, 256), 'tile/3/005');
  },
  'a partial tile says how wide it is': () => assert.equal(entriesPath(7, 12), 'tile/entries/007.p/12'),
  'a full tile has 256 hashes, a partial one 1 to 255': () => {
    assert.equal(decodeTile(Buffer.alloc(32 * 256))!.length, 256);
    for (const bytes of [0, 31, 33, 32 * 257]) assert.equal(decodeTile(Buffer.alloc(bytes)), null);
  },
  'a tile above holds the roots of full tiles below': async () => {
    const dir = folder();
    const ledger = await Ledger.open({ folder: dir, signer });
    await ledger.append(
      Array.from({ length: 600 }, (_, i) => ({ leaf: Buffer.from(`${i}`), payload: null })),
    );
    await ledger.close();
    const above = decodeTile(readFileSync(join(dir, 'tile/1/000.p/2')))!;
    const below = [0, 1].map((n) => rootOf(decodeTile(readFileSync(join(dir, tilePath(0, n, 256))))!));
    assert.deepEqual(above, below);
    assert.deepEqual(leaves(600)[3], decodeTile(readFileSync(join(dir, tilePath(0, 0, 256))))![3]);
  },
  'entries stand behind their length in two bytes, the greater first': () =>
    assert.equal(encodeBundle([Buffer.from('ab'), Buffer.alloc(0)]).toString('hex'), '000261620000'),
  'leaves and nodes are hashed as RFC 6962 does': () => {
    assert.equal(
      leafHash(Buffer.alloc(0)).toString('hex'),
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
    assert.deepEqual(nodeHash(history[0]!, history[1]!), rootOf(history.slice(0, 2)));
  },
  'a checkpoint is there only once its tiles are': async () => {
    const dir = folder();
    const ledger = await Ledger.open({ folder: dir, signer });
    await ledger.append([{ leaf: Buffer.from('a'), payload: null }]);
    await ledger.checkpointNow();
    const { size } = openCheckpoint(readFileSync(join(dir, 'checkpoint'), 'utf8'), classic, lattice);
    assert.equal(decodeBundle(readFileSync(join(dir, entriesPath(0, size))))!.length, size);
    await ledger.close();
  },
};

const proof = (change: object = {}): string =>
  formatProof({ index: 0, hashes: [], extra: Buffer.from('x'), note: noteOf(1, [root]), ...change });

const PROOF: Rules = {
  'it begins with its version': () => refuses(() => parseProof(proof().replace('@v1', '@v2'))),
  'its index is decimal, without zeros ahead': () => {
    for (const bad of ['00', '-0', '', ' 0'])
      refuses(() => parseProof(proof().replace('index 0', `index ${bad}`)));
  },
  'what goes along is optional, and base64': () => {
    assert.equal(parseProof(proof({ extra: Buffer.alloc(0) })).extra.length, 0);
    refuses(() => parseProof(proof().replace(/extra .*/, 'extra *')));
  },
  'hashes are 32 bytes, and at most 63': () => {
    refuses(() => parseProof(proof({ hashes: [Buffer.alloc(31)] })));
    refuses(() => parseProof(proof({ hashes: Array.from({ length: 64 }, () => root) })));
  },
  'a checkpoint follows an empty line, signed': () => {
    refuses(() => parseProof(proof().replace('\n\n', '\n')));
    refuses(() => verifyProof(proof(), [verifierKeysOf(testSigner(signer.name))[0]]));
  },
  'the entry leads to the root of that checkpoint': () => {
    assert.equal(verifyProof(proof(), [classic, lattice]).index, 0);
    refuses(() => verifyProof(proof({ extra: Buffer.from('y') }), [classic]));
    refuses(() => verifyProof(proof({ index: 1 }), [classic]));
  },
};

for (const [name, rules] of Object.entries({
  'c2sp.org/signed-note': SIGNED_NOTE,
  'c2sp.org/tlog-checkpoint': CHECKPOINT,
  'c2sp.org/tlog-cosignature': COSIGNATURE,
  'c2sp.org/tlog-witness': WITNESS,
  'c2sp.org/tlog-tiles': TILES,
  'c2sp.org/tlog-proof': PROOF,
}))
  describe(name, () => {
    for (const [rule, check] of Object.entries(rules)) it(rule, async () => void (await check()));
  });

describe('whatever parses prints identically', () => {
  it('bundles of entries', () => {
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 })),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
        (entries, flips) => {
          const bundle = encodeBundle(entries);
          for (const [at, byte] of flips) if (bundle.length > 0) bundle[at % bundle.length] = byte;
          const decoded = decodeBundle(bundle);
          if (!decoded) return;
          read++;
          assert.deepEqual(encodeBundle(decoded), bundle);
        },
      ),
      { numRuns: 2_000 },
    );
    assert.ok(read > 500);
  });

  it('tiles of hashes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9_000 }), (bytes) => {
        const tile = Buffer.from(bytes);
        const hashes = decodeTile(tile);
        if (hashes) assert.deepEqual(Buffer.concat(hashes), tile);
        else assert.ok(tile.length === 0 || tile.length % 32 !== 0 || tile.length > 8192);
      }),
      { numRuns: 2_000 },
    );
  });
});
