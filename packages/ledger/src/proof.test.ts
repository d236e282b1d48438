import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CodedError } from '@sallyport/core';
import fc from 'fast-check';
import { testSigner } from '../test/signer.ts';
import { type NoteSigner, verifierKeysOf } from './checkpoint.ts';
import { Ledger } from './ledger.ts';
import { formatProof, parseProof, verifyProof } from './proof.ts';
import { formatVerifierKey } from './verifier-key.ts';

const corrupt = { code: 'ledger-corrupt' };
/** Where Debian puts sources of Go (`golang-golang-x-mod-dev`). */
const GO_PATH = '/usr/share/gocode';
const GO_PACKAGES = join(GO_PATH, 'src/golang.org/x/mod/sumdb/note');

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
    const key = testSigner();
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
    const key = testSigner();
    const [text] = await proofs(3, key);
    assert.throws(() => verifyProof(text!, verifierKeysOf(testSigner())), /is not signed by/);
    assert.throws(() => verifyProof(text!, []), corrupt);
    const [classic, lattice] = verifierKeysOf(key);
    const lines = text!.trimEnd().split('\n');
    const stripped = `${lines.slice(0, -1).join('\n')}\n`;
    assert.equal(verifyProof(stripped, [classic]).index, 0);
    assert.throws(() => verifyProof(stripped, [classic, lattice]), /ml-dsa-44/);
  });

  const go = spawnSync('go', ['version']).status === 0 && existsSync(GO_PACKAGES);
  it(
    "are checked by the packages of Go's checksum database",
    { skip: !go && 'there is no go with golang.org/x/mod', timeout: 120_000 },
    async () => {
      const key = testSigner();
      const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
      const vkey = join(folder, 'verifier.key');
      writeFileSync(vkey, `${formatVerifierKey(verifierKeysOf(key)[0])}\n`);
      const files = (await proofs(300, key)).map((text, i) => {
        const path = join(folder, String(i));
        writeFileSync(path, text);
        return path;
      });
      const check = (...paths: string[]) =>
        spawnSync('go', ['run', join(import.meta.dirname, '../test/verify_proof.go'), vkey, ...paths], {
          encoding: 'utf8',
          env: {
            ...process.env,
            GO111MODULE: 'off',
            GOPATH: GO_PATH,
            GOFLAGS: '',
            GOCACHE: join(folder, 'cache'),
          },
        });
      const { status, stdout, stderr } = check(...files);
      assert.equal(status, 0, stdout + stderr);
      assert.equal(stdout, '300 hold\n');
      writeFileSync(files[7]!, readFileSync(files[8]!, 'utf8').replace('index 8', 'index 7'));
      assert.notEqual(check(files[7]!).status, 0);
    },
  );

  it('that are read print identically, whatever was done to them', async () => {
    const [, text] = (await proofs(5, testSigner())) as [string, string];
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
