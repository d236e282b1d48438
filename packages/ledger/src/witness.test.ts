import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { testSigner } from '../test/signer.ts';
import { type Checkpoint, signCheckpoint, signedAt, verifierKeysOf, witnessKeys } from './checkpoint.ts';
import { consistencyProof, leafHash, rootOf, verifyConsistency } from './merkle.ts';
import { parseNote } from './note.ts';
import { formatAddCheckpoint, Witness } from './witness.ts';

/** A log in memory, of one line of history. */
class History {
  readonly leaves: Buffer[];
  constructor(size: number, salt = '') {
    this.leaves = Array.from({ length: size }, (_, i) => leafHash(Buffer.from(`${salt}${i}`)));
  }
  /** The same up to a size, and something else from there on. */
  forkedAt(at: number): History {
    const fork = new History(0);
    fork.leaves.push(...this.leaves.slice(0, at));
    fork.leaves.push(...this.leaves.slice(at).map((leaf) => leafHash(leaf)));
    return fork;
  }
  root(size: number): Buffer {
    return this.range(0, size);
  }
  range(start: number, end: number): Buffer {
    return rootOf(this.leaves.slice(start, end));
  }
  proof(first: number, size: number): Promise<Buffer[]> {
    return consistencyProof(first, size, async (start, end) => this.range(start, end));
  }
}

const log = testSigner('example.com/log');
const witness = testSigner('witness.example');
const folder = (): string => mkdtempSync(join(tmpdir(), 'ledger-'));
const open = (path = folder(), forks: unknown[] = []): Witness =>
  new Witness({
    folder: path,
    signer: witness,
    keysOf: (origin) => (origin === log.name ? verifierKeysOf(log) : null),
    onFork: (...fork) => forks.push(fork),
  });
const note = (history: History, size: number, by = log): string =>
  signCheckpoint({ origin: by.name, size, root: history.root(size) }, by, 1);
const ask = async (history: History, old: number, size: number): Promise<string> =>
  formatAddCheckpoint(old, await history.proof(old, size), note(history, size));

describe('consistency', () => {
  it('is proven between trees of every two sizes, and nothing else is', async () => {
    const history = new History(34);
    for (let size = 0; size <= 34; size++)
      for (let first = 0; first <= size; first++) {
        const proof = await history.proof(first, size);
        const [a, b] = [history.root(first), history.root(size)];
        assert.ok(verifyConsistency(first, size, proof, a, b), `${first} ${size}`);
        assert.ok(
          !verifyConsistency(first, size, [...proof, Buffer.alloc(32)], a, b),
          `${first} ${size} longer`,
        );
        if (first !== size) assert.ok(!verifyConsistency(size, first, proof, b, a), `${first} ${size} back`);
        if (first === 0 || first === size) continue;
        assert.ok(!verifyConsistency(first, size, proof.slice(1), a, b));
        const fork = history.forkedAt(first - 1);
        assert.ok(!verifyConsistency(first, size, await fork.proof(first, size), a, fork.root(size)));
        for (let at = 0; at < proof.length; at++) {
          const bent = proof.map((hash, i) => (i === at ? leafHash(hash) : hash));
          assert.ok(!verifyConsistency(first, size, bent, a, b), `${first} ${size} bent at ${at}`);
        }
      }
  });
});

describe('a witness', () => {
  it('cosigns what goes on from what it saw, under both of its keys, and after a restart too', async () => {
    const history = new History(1000);
    const path = folder();
    let one = open(path);
    let old = 0;
    for (const size of [1, 1, 2, 255, 256, 1000]) {
      const { status, body } = await one.addCheckpoint(await ask(history, old, size));
      assert.equal(status, 200, body);
      const cosigned = parseNote(`${note(history, size)}${body}`);
      for (const key of witnessKeys(witness)) assert.ok(signedAt(cosigned, key)! > 1_700_000_000);
      old = size;
      one = open(path);
      assert.equal(one.seen(log.name).size, size);
    }
  });

  it('answers as its specification says (c2sp.org/tlog-witness)', async () => {
    const history = new History(50);
    const one = open();
    const status = async (body: string): Promise<number> => (await one.addCheckpoint(body)).status;
    assert.equal(await status(await ask(history, 0, 20)), 200);
    assert.equal(await status('nonsense'), 400);
    assert.equal(await status((await ask(history, 20, 30)).replace('old 20', 'old 020')), 400);
    assert.equal(
      await status((await ask(history, 20, 30)).replace('old 20', 'old 31')),
      400,
      'old beyond new',
    );
    const many = formatAddCheckpoint(20, Array(64).fill(Buffer.alloc(32)), note(history, 30));
    assert.equal(await status(many), 400, 'over 63 hashes');
    const stranger = testSigner('someone.else/log');
    assert.equal(await status(formatAddCheckpoint(0, [], note(history, 20, stranger))), 404);
    const impostor = testSigner(log.name);
    assert.equal(await status(formatAddCheckpoint(20, [], note(history, 20, impostor))), 403);
    const behind = await one.addCheckpoint(await ask(history, 10, 30));
    assert.deepEqual([behind.status, behind.type, behind.body], [409, 'text/x.tlog.size', '20\n']);
    const proof = await history.proof(20, 30);
    assert.equal(await status(formatAddCheckpoint(20, proof.slice(1), note(history, 30))), 422);
    assert.equal(await status(await ask(history, 20, 30)), 200);
  });

  it('cosigns one of two that come at the same time, and both of one history', async () => {
    const history = new History(60);
    const fork = history.forkedAt(35);
    const one = open();
    await one.addCheckpoint(await ask(history, 0, 30));
    const [a, b, c] = await Promise.all([
      one.addCheckpoint(await ask(history, 30, 60)),
      one.addCheckpoint(await ask(fork, 30, 60)),
      one.addCheckpoint(await ask(history, 60, 60)),
    ]);
    assert.deepEqual([a.status, b.status, c.status], [200, 409, 200]);
    assert.deepEqual(one.seen(log.name).root, history.root(60));
  });

  it('refuses ten thousand forks and rollbacks, and tells of the forks', { timeout: 120_000 }, async () => {
    const history = new History(200);
    const forks: [string, Checkpoint, Checkpoint][] = [];
    const one = open(folder(), forks);
    let seed = 42;
    const next = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    await one.addCheckpoint(await ask(history, 0, 100));
    const others = Array.from({ length: 50 }, (_, i) => history.forkedAt(i * 2));
    let refused = 0;
    let rollbacks = 0;
    for (let round = 0; round < 10_000; round++) {
      const kind = next(4);
      const other = others[next(others.length)]!;
      let body: string;
      if (kind === 0) body = await ask(other, 100, 100 + next(100));
      else if (kind === 1) body = formatAddCheckpoint(100, await history.proof(100, 150), note(other, 150));
      else if (kind === 2) body = await ask(history, next(99) + 1, 99);
      else body = await ask(other, next(100), next(100) + 100);
      const { status } = await one.addCheckpoint(body);
      if (status !== 200) refused++;
      if (kind === 2) rollbacks++;
    }
    assert.equal(refused, 10_000);
    assert.ok(rollbacks > 2000 && forks.length > 2000, `${rollbacks} rollbacks, ${forks.length} forks`);
    assert.deepEqual([one.seen(log.name).size, one.seen(log.name).root], [100, history.root(100)]);
    assert.equal((await one.addCheckpoint(await ask(history, 100, 200))).status, 200, 'and goes on');
  });

  it('whose memory cannot be read cosigns nothing', async () => {
    const history = new History(50);
    const path = folder();
    await open(path).addCheckpoint(await ask(history, 0, 20));
    const [file] = readdirSync(path);
    for (const bad of ['', 'x\n1\n', `other/log\n20\n${history.root(20).toString('base64')}\n`]) {
      writeFileSync(join(path, file!), bad);
      await assert.rejects(open(path).addCheckpoint(await ask(history, 0, 20)), { code: 'ledger-corrupt' });
    }
  });
});
