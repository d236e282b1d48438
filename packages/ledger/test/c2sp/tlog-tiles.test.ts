import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Checkpoint, openCheckpoint } from '../../src/checkpoint.ts';
import { Ledger } from '../../src/ledger.ts';
import { leafHash, nodeHash, rootOf, verifyConsistency } from '../../src/merkle.ts';
import { strayFiles } from '../../src/stray.ts';
import {
  decodeBundle,
  decodeTile,
  encodeBundle,
  entriesPath,
  levelCount,
  partialPaths,
  tilePath,
} from '../../src/tile.ts';
import { formatVerifierKey } from '../../src/verifier-key.ts';
import { verifyLedger } from '../../src/verify.ts';
import { holds } from './sections.ts';
import { classic, folder, history, lattice, leaves, log } from './world.ts';

const open = (dir: string): Promise<Ledger> => Ledger.open({ folder: dir, signer: log });
const keys = [classic, lattice].map(formatVerifierKey);

/** A log that grew from checkpoint to checkpoint, through the sizes given. */
async function through(sizes: readonly number[], dir = folder()): Promise<string> {
  const ledger = await open(dir);
  for (const size of sizes) {
    await ledger.append(
      Array.from({ length: size - ledger.size }, (_, i) => ({
        leaf: Buffer.from(`${ledger.size + i}`),
        payload: null,
      })),
    );
    await ledger.checkpointNow();
  }
  await ledger.close();
  return dir;
}

/** Every file of a log, in its folder. */
const files = (dir: string): string[] =>
  readdirSync(join(dir, 'tile'), { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));

// What is served here is a folder: how its files are sent, and what a client may fetch, is not of this code.
holds('tlog-tiles', {
  Checkpoints: {
    'the newest checkpoint is `checkpoint`, with an Ed25519 signature of the log': async () => {
      const dir = await through([3]);
      assert.equal(openCheckpoint(readFileSync(join(dir, 'checkpoint')), classic).size, 3);
    },
  },
  'Merkle Tree': {
    'hashes are those of RFC 6962, SHA-256': () => {
      assert.equal(
        leafHash(Buffer.alloc(0)).toString('hex'),
        '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      );
      assert.deepEqual(nodeHash(history[0]!, history[1]!), rootOf(history.slice(0, 2)));
    },
    'a level is a number without zeros ahead': () => {
      assert.equal(tilePath(0, 5, 256), 'tile/0/005');
      assert.equal(tilePath(63, 5, 256), 'tile/63/005');
    },
    'a number is groups of three figures, all but the last behind an x': () => {
      assert.equal(tilePath(0, 1_234_067, 256), 'tile/0/x001/x234/067');
      assert.equal(entriesPath(1_000, 256), 'tile/entries/x001/000');
    },
    'a full tile has 256 hashes, of 8,192 bytes': async () => {
      const dir = await through([600]);
      assert.equal(readFileSync(join(dir, 'tile/0/000')).length, 8192);
      assert.equal(decodeTile(Buffer.alloc(8192))!.length, 256);
      for (const bytes of [0, 31, 33, 32 * 257]) assert.equal(decodeTile(Buffer.alloc(bytes)), null);
    },
    'level 0 has the hashes of leaves, and each above those of full tiles below': async () => {
      const dir = await through([600]);
      const tile = (path: string): Buffer[] => decodeTile(readFileSync(join(dir, path)))!;
      assert.deepEqual(tile('tile/0/001'), leaves(600).slice(256, 512));
      assert.deepEqual(tile('tile/1/000.p/2'), [rootOf(tile('tile/0/000')), rootOf(tile('tile/0/001'))]);
    },
  },
  'Partial Tiles': {
    'a level of a tree has those that its size says, and none that is empty': () => {
      // The examples of the text.
      const of70000 = partialPaths(70_000).filter((path) => !path.includes('entries'));
      assert.deepEqual(of70000, ['tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1']);
      assert.equal(Math.floor(levelCount(70_000, 0) / 256), 273);
      assert.deepEqual(partialPaths(256), ['tile/1/000.p/1']);
      assert.deepEqual(partialPaths(0), []);
    },
    'is no part of a tile above': async () => assert.ok(!existsSync(join(await through([255]), 'tile/1'))),
    'stays, with its entries, for each size that a checkpoint was signed for, until the full one is there':
      async () => {
        const sizes = [1, 2, 3, 7, 8, 100, 255];
        const dir = await through(sizes);
        for (const size of sizes) {
          const tile = decodeTile(readFileSync(join(dir, tilePath(0, 0, size))))!;
          assert.deepEqual(tile, leaves(size));
          assert.equal(decodeBundle(readFileSync(join(dir, entriesPath(0, size))))!.length, size);
        }
        assert.deepEqual(strayFiles(dir), []);
        assert.equal((await verifyLedger(dir, keys)).ok, true);
      },
    'stays at a level above as long, while those below it go': async () => {
      const dir = await through([200, 256, 300, 500, 512, 700]);
      const there = files(dir).sort();
      assert.deepEqual(there, [
        'tile/0/000',
        'tile/0/001',
        'tile/0/002.p/188',
        'tile/1/000.p/1',
        'tile/1/000.p/2',
        'tile/entries/000',
        'tile/entries/001',
        'tile/entries/002.p/188',
      ]);
    },
    'stays over a new start': async () => {
      const dir = await through([5, 9], await through([2]));
      for (const size of [2, 5, 9]) assert.ok(existsSync(join(dir, tilePath(0, 0, size))), `${size}`);
    },
    'serves each checkpoint that was signed: from its own tiles its root follows': async () => {
      const dir = folder();
      const ledger = await open(dir);
      const signed: Checkpoint[] = [];
      for (let round = 0; round < 40; round++) {
        const leaf = (i: number) => ({ leaf: Buffer.from(`${ledger.size + i}`), payload: null });
        await ledger.append(Array.from({ length: 1 + ((round * 7) % 23) }, (_, i) => leaf(i)));
        signed.push(await ledger.checkpointNow());
      }
      for (const { size, root } of signed) {
        const wanted = partialPaths(size).filter((path) => path.startsWith('tile/0/'));
        for (const path of wanted) {
          const full = path.replace(/\.p\/\d+$/, '');
          assert.ok(existsSync(join(dir, path)) || existsSync(join(dir, full)), path);
        }
        const { proof, checkpoint } = await ledger.proveConsistency(size);
        assert.ok(verifyConsistency(size, checkpoint.size, proof, root, checkpoint.root));
      }
      await ledger.close();
    },
    'of a folder of an earlier version, which kept the newest alone, are not missed': async () => {
      const dir = await through([5, 9]);
      rmSync(join(dir, tilePath(0, 0, 5)));
      rmSync(join(dir, entriesPath(0, 5)));
      await through([12], dir);
      assert.equal((await verifyLedger(dir, keys)).ok, true);
    },
    'of a copy are cut from the full one, where the log grew on meanwhile': async () => {
      const dir = await through([250]);
      const ledger = await open(dir);
      const copy = folder();
      let grown = false;
      for await (const { path, pieces } of ledger.copy()) {
        if (!grown) {
          grown = true;
          await ledger.append(
            Array.from({ length: 300 }, (_, i) => ({ leaf: Buffer.from(`${250 + i}`), payload: null })),
          );
          await ledger.checkpointNow();
          assert.ok(!existsSync(join(dir, tilePath(0, 0, 250))), 'gone, for the full one is there');
        }
        mkdirSync(dirname(join(copy, path)), { recursive: true });
        const content: Uint8Array[] = [];
        for await (const piece of pieces) content.push(piece);
        writeFileSync(join(copy, path), Buffer.concat(content));
      }
      await ledger.close();
      assert.deepEqual(decodeTile(readFileSync(join(copy, tilePath(0, 0, 250)))), leaves(250));
      assert.equal(decodeBundle(readFileSync(join(copy, entriesPath(0, 250))))!.length, 250);
      assert.equal((await verifyLedger(copy, keys)).size, 250);
      assert.deepEqual((await verifyLedger(copy, keys)).problems, []);
    },
    'are there before the checkpoint that needs them': async () => {
      const dir = await through([1]);
      const { size } = openCheckpoint(readFileSync(join(dir, 'checkpoint')), classic, lattice);
      assert.equal(decodeBundle(readFileSync(join(dir, entriesPath(0, size))))!.length, size);
    },
  },
  'Log entries': {
    'stand behind their length in two bytes, the greater first': () => {
      assert.equal(encodeBundle([Buffer.from('ab'), Buffer.alloc(0)]).toString('hex'), '000261620000');
      assert.equal(decodeBundle(Buffer.from('00026162', 'hex'))!.length, 1);
      for (const bad of ['00', '000361', '0002616200'])
        assert.equal(decodeBundle(Buffer.from(bad, 'hex')), null);
    },
    'hash to what level 0 has of them': async () => {
      const dir = await through([300]);
      const entries = decodeBundle(readFileSync(join(dir, entriesPath(1, 44))))!;
      assert.deepEqual(
        entries.map((entry) => leafHash(entry)),
        decodeTile(readFileSync(join(dir, tilePath(0, 1, 44))))!,
      );
    },
    'have the path of their tile, under `entries`': () => {
      assert.equal(entriesPath(7, 12), 'tile/entries/007.p/12');
      assert.equal(entriesPath(1_234_067, 256), 'tile/entries/x001/x234/067');
    },
  },
  Pruning: {
    'is not done: every full tile and bundle is there': async () => {
      const there = new Set(files(await through([100, 600, 900])));
      for (let n = 0; n < 3; n++)
        for (const path of [tilePath(0, n, 256), entriesPath(n, 256)]) assert.ok(there.has(path), path);
    },
  },
});
