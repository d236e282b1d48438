import assert from 'node:assert/strict';
import { createHash, createPublicKey, hash, verify } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gunzipSync, inflateSync } from 'node:zlib';
import { CodedError } from '@sallyport/core';
import { schedule } from '../packages/vault/src/hybrid/hpke.ts';
import { ML_KEM, mlKemEncapsulate } from '../packages/vault/src/hybrid/ml-kem.ts';
import { MLKEM1024_P384 } from '../packages/vault/src/hybrid/mlkem1024-p384.ts';
import { X_WING } from '../packages/vault/src/hybrid/x-wing.ts';
import { SealedChunks } from '../packages/vault/src/sealed-chunks.ts';
import { COBBLESTONE } from '../packages/vault/src/sealed-suites.ts';
import { signingKey } from '../packages/vault/src/signing-key.ts';
import { vectorFolder } from './vector-folders.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const read = <T>(...path: string[]): T => JSON.parse(readFileSync(join(...path), 'utf8')) as T;

describe('vectors of Cobblestone', () => {
  const { folder, skip } = vectorFolder('cobblestone');
  const scratch = mkdtempSync(join(tmpdir(), 'sallyport-vectors-'));
  after(() => rmSync(scratch, { recursive: true, force: true }));
  interface Vector {
    readonly tcId: number;
    readonly key: string;
    readonly ctx: string;
    readonly ct: string;
    readonly msgLength?: number;
    readonly msgSha512?: string;
    readonly result: string;
  }

  /** @returns what was handed out, and whether all of it was */
  function open({ key, ctx, ct }: Vector): { readonly plain: Buffer; readonly whole: boolean } {
    const file = inflateSync(hex(ct));
    const path = join(scratch, 'one');
    writeFileSync(path, file);
    const descriptor = openSync(path, 'r');
    const plain: Buffer[] = [];
    try {
      if (file.length < 56) return { plain: Buffer.alloc(0), whole: false };
      const using = { id: 'dek', purpose: 'artefact:x', day: '2026-01-01', key: hex(key) };
      const own = COBBLESTONE.keyOf(using, file.subarray(0, 24), Buffer.alloc(0), hex(ctx).toString());
      const chunks = new SealedChunks(
        descriptor,
        COBBLESTONE,
        own,
        file.subarray(24, 56),
        file.subarray(0, 56),
      );
      for (let chunk = 0; chunk < chunks.count; chunk++) plain.push(chunks.open(chunk));
      return { plain: Buffer.concat(plain), whole: true };
    } catch (fault) {
      if (!(fault instanceof CodedError || fault instanceof RangeError)) throw fault;
      return { plain: Buffer.concat(plain), whole: false };
    } finally {
      closeSync(descriptor);
    }
  }

  it('are answered as they say, and no more is handed out than they allow', { skip }, (t) => {
    const { testGroups } = read<{ testGroups: { tests: Vector[] }[] }>(folder, 'vectors_aes_256_gcm.json');
    const all = testGroups.flatMap(({ tests }) => tests);
    for (const vector of all) {
      const { plain, whole } = open(vector);
      assert.equal(whole, vector.result === 'valid', `vector ${vector.tcId}`);
      assert.equal(plain.length, vector.msgLength ?? 0, `vector ${vector.tcId}`);
      if (vector.msgSha512 !== undefined)
        assert.equal(hash('sha512', plain, 'hex'), vector.msgSha512, `vector ${vector.tcId}`);
    }
    t.diagnostic(`${all.length} as they say; left: those of Cobblestone-128, which nothing here uses`);
    assert.ok(all.length >= 35);
  });
});

describe('vectors of X-Wing', () => {
  const { folder, skip } = vectorFolder('xwing');
  it('are answered as they say', { skip }, (t) => {
    const all = read<Record<'seed' | 'pk' | 'ct' | 'ss', string>[]>(folder, 'test-vectors.json');
    for (const { seed, pk, ct, ss } of all) {
      assert.equal(Buffer.from(X_WING.publicKey(hex(seed))).toString('hex'), pk);
      assert.equal(Buffer.from(X_WING.decapsulate(hex(seed), hex(ct))).toString('hex'), ss);
    }
    t.diagnostic(`${all.length} as they say; what is encapsulated draws its own randomness`);
    assert.ok(all.length > 0);
  });
});

describe('vectors of HPKE with hybrids', () => {
  const { folder, skip } = vectorFolder('hpke-pq');
  interface Vector {
    readonly kem_id: number;
    readonly kdf_id: number;
    readonly aead_id: number;
    readonly info: string;
    readonly skRm: string;
    readonly pkRm: string;
    readonly enc: string;
    readonly shared_secret: string;
    readonly key: string;
    readonly base_nonce: string;
  }
  it('give the keys, secrets and schedules that they say', { skip }, (t) => {
    const all = read<Vector[]>(folder, 'test-vectors.json');
    const ours = all.flatMap((vector) => {
      const kem = [X_WING, MLKEM1024_P384].find(({ id }) => id === vector.kem_id);
      return kem ? [{ kem, vector }] : [];
    });
    for (const { kem, vector } of ours) {
      const seed = hex(vector.skRm);
      assert.equal(Buffer.from(kem.publicKey(seed)).toString('hex'), vector.pkRm);
      assert.equal(Buffer.from(kem.decapsulate(seed, hex(vector.enc))).toString('hex'), vector.shared_secret);
    }
    const aeads = { 2: 'aes-256-gcm', 3: 'chacha20-poly1305' } as const;
    let scheduled = 0;
    for (const { kem, vector } of ours) {
      const aead = aeads[vector.aead_id as 2 | 3];
      if (vector.kdf_id !== 1 || aead === undefined) continue;
      const { key, nonce } = schedule(kem, aead, hex(vector.shared_secret), hex(vector.info));
      assert.deepEqual([key.toString('hex'), nonce.toString('hex')], [vector.key, vector.base_nonce]);
      scheduled++;
    }
    t.diagnostic(
      `${ours.length} keys and secrets, ${scheduled} schedules as they say; ${all.length - ours.length} left: suites that nothing here uses`,
    );
    assert.ok(ours.length > 0 && scheduled > 0);
  });
});

const SEEDS = 100;
const spki = (prefix: string, raw: Buffer) =>
  createPublicKey({ key: Buffer.concat([hex(prefix), raw]), format: 'der', type: 'spki' });

describe('vectors of C2SP CCTV', () => {
  const ed25519 = vectorFolder('c2sp-cctv/ed25519');
  it('of Ed25519: what is no canonical point is refused', { skip: ed25519.skip }, (t) => {
    interface Vector {
      readonly number: string;
      readonly key: string;
      readonly sig: string;
      readonly msg: string;
      readonly flags: readonly string[] | null;
    }
    const all = read<Vector[]>(ed25519.folder, 'ed25519vectors.json');
    let accepted = 0;
    let nonCanonical = 0;
    const wrong: string[] = [];
    for (const { number, key, sig, msg, flags } of all) {
      const holds = verify(null, Buffer.from(msg), spki('302a300506032b6570032100', hex(key)), hex(sig));
      if (holds) accepted++;
      if (!holds || !flags) continue;
      if (flags.includes('low_order_residue')) wrong.push(`${number}: ${flags.join(' ')}`);
      if (flags.includes('non_canonical_R')) wrong.push(`${number}: ${flags.join(' ')}`);
      if (flags.includes('non_canonical_A')) nonCanonical++;
    }
    assert.deepEqual(wrong, []);
    t.diagnostic(
      `${all.length} asked, ${accepted} hold, of them ${nonCanonical} with a key that is not canonical`,
    );
  });

  const mlKem = vectorFolder('c2sp-cctv/ML-KEM');
  it('of ML-KEM: keys over the modulus are refused', { skip: mlKem.skip }, (t) => {
    for (const size of [768, 1024] as const) {
      const bad = gunzipSync(readFileSync(join(mlKem.folder, 'modulus', `ML-KEM-${size}.txt.gz`)))
        .toString()
        .trim()
        .split('\n');
      for (const key of bad) assert.throws(() => mlKemEncapsulate(ML_KEM[size], hex(key)), RangeError);
      t.diagnostic(`ML-KEM-${size}: ${bad.length} keys over the modulus refused`);
    }
    t.diagnostic(
      'left: intermediate, unluckysample and strcmp, of a draft whose seeds give other keys, in private keys that are no seeds',
    );
  });

  const mlDsa = vectorFolder('c2sp-cctv/ML-DSA');
  it('of ML-DSA-44: what seeds of the accumulated test sign holds', { skip: mlDsa.skip }, (t) => {
    const seeds = createHash('shake128', { outputLength: 32 * SEEDS }).digest();
    let right = 0;
    for (let at = 0; at < SEEDS; at++) {
      const seed = seeds.subarray(at * 32, (at + 1) * 32);
      const { quantumSafePublicKey, signQuantumSafe } = signingKey(Buffer.concat([Buffer.alloc(32), seed]));
      const key = spki('30820532300b06096086480165030403110382052100', Buffer.from(quantumSafePublicKey));
      assert.ok(verify(null, Buffer.alloc(0), key, signQuantumSafe(Buffer.alloc(0))));
      right++;
    }
    t.diagnostic(
      `${right} seeds of the accumulated test sign and verify; left: its sum, for signatures here are not deterministic; the benchmark`,
    );
  });
});
