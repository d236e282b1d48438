import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { testSigner } from '../test/signer.ts';
import type { NoteSigner } from './checkpoint.ts';
import { Journal } from './journal.ts';
import { Ledger } from './ledger.ts';
import { verifyLedger } from './verify.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'journal-'));
const NAME = 'sallyport.test/log';
const entry = (text: string) => ({ leaf: Buffer.from(text), payload: null });

/** A log that was stopped with three entries under its checkpoint. */
async function stopped() {
  const dir = folder();
  const signer = testSigner(NAME);
  const ledger = await Ledger.open({ folder: dir, signer });
  await ledger.append([entry('a'), entry('b'), entry('c')]);
  await ledger.close();
  return { dir, signer, verifier: ledger.verifierKey };
}

/** A batch as versions wrote it that did not authenticate it. */
function unsealed(first: number, leaf: Buffer): Buffer {
  const out = Buffer.alloc(28 + 8 + leaf.length);
  out.write('SPJ1', 0, 'latin1');
  out.writeBigUInt64BE(BigInt(first), 4);
  out.writeUInt32BE(1, 12);
  out.writeUInt32BE(8 + leaf.length, 16);
  out.writeUInt32BE(leaf.length, 28);
  leaf.copy(out, 36);
  out.writeUInt32BE(crc32(out.subarray(28)), 20);
  out.writeUInt32BE(crc32(out.subarray(0, 24)), 24);
  return out;
}

const pieceOf = (dir: string, first: number): string =>
  join(dir, 'journal', `${String(first).padStart(16, '0')}.journal`);

describe('entries in the journal that no checkpoint covers', () => {
  it('are taken where the log itself wrote them, under an earlier key of it too', async () => {
    const { dir, signer } = await stopped();
    const journal = new Journal(join(dir, 'journal'), signer);
    await journal.write(3, [entry('d')]);
    await journal.close();
    const next = testSigner(NAME);
    const ledger = await Ledger.open({ folder: dir, signer: next, earlierSigners: [signer] });
    assert.equal(ledger.size, 4);
    await ledger.close();
  });

  it('are refused where someone else put them there: nothing is signed, nothing changes', async () => {
    const { dir, signer, verifier } = await stopped();
    const journal = new Journal(join(dir, 'journal'), testSigner(NAME));
    await journal.write(3, [entry('{"type":"key-created"}')]);
    await journal.close();
    await assert.rejects(Ledger.open({ folder: dir, signer }), {
      code: 'ledger-corrupt',
      message: /entries from 3 on that this installation did not write/,
    });
    assert.equal((await verifyLedger(dir, verifier)).size, 3);
  });

  it('are refused in words where a batch says that it holds more than it does', async () => {
    for (const [place, value] of [
      [12, 0xffff_ffff],
      [12, 2],
      [44, 0xffff_fff0],
      [48, 0xffff_fff0],
    ] as const) {
      const { dir, signer, verifier } = await stopped();
      const journal = new Journal(join(dir, 'journal'), signer);
      await journal.write(3, [entry('d')]);
      await journal.close();
      const file = readFileSync(pieceOf(dir, 3));
      file.writeUInt32BE(value, place);
      file.writeUInt32BE(crc32(file.subarray(44, 44 + file.readUInt32BE(16))), 20);
      file.writeUInt32BE(crc32(file.subarray(0, 24)), 24);
      writeFileSync(pieceOf(dir, 3), file);
      const corrupt = {
        code: 'ledger-corrupt',
        message: /entries from 3 on that this installation did not write/,
      };
      await assert.rejects(Ledger.open({ folder: dir, signer }), corrupt);
      const [problem] = (await verifyLedger(dir, verifier)).problems;
      assert.match(problem!.message, corrupt.message);
    }
  });

  it('are shown by verification to nobody where no key says who wrote them, and refused where one does', async () => {
    const { dir, signer, verifier } = await stopped();
    const seen: string[] = [];
    let withheld = 0;
    const visitor = {
      begin: () => seen.splice(0),
      entry: (_: number, leaf: Buffer) => void seen.push(leaf.toString()),
      withheld: (entries: number) => {
        withheld = entries;
      },
    };
    const verify = (signers: readonly NoteSigner[] | null) =>
      verifyLedger(dir, verifier, [], () => {}, visitor, null, signers);
    const journal = new Journal(join(dir, 'journal'), signer);
    await journal.write(3, [entry('d'), entry('e')]);
    await journal.close();
    const own = await verify([signer]);
    assert.deepEqual([own.ok, own.pending, own.unauthenticated], [true, 2, 0]);
    assert.deepEqual(seen, ['a', 'b', 'c', 'd', 'e']);
    const without = await verify(null);
    assert.deepEqual([without.ok, without.pending, without.unauthenticated, withheld], [true, 2, 2, 2]);
    assert.deepEqual(seen, ['a', 'b', 'c']);
    const other = await verify([testSigner(NAME)]);
    assert.match(other.problems[0]!.message, /entries from 3 on that this installation did not write/);
    assert.deepEqual(seen, ['a', 'b', 'c']);
  });

  it('are of the key that signs now, however often that was changed since the start', async () => {
    const { dir, signer } = await stopped();
    const [second, third] = [testSigner(NAME), testSigner(NAME)];
    const ledger = await Ledger.open({ folder: dir, signer, checkpointMs: 60_000 });
    await ledger.useSigners(second, signer);
    await ledger.useSigners(third, second);
    await ledger.append([entry('d')]);
    // As a crash leaves it.
    const left = folder();
    cpSync(dir, left, { recursive: true });
    await ledger.close();
    const next = await Ledger.open({ folder: left, signer: third, earlierSigners: [second] });
    assert.equal(next.size, 4);
    await next.close();
  });

  it('are refused where a batch of its own was changed, or moved to another place', async () => {
    const { dir, signer } = await stopped();
    const journal = new Journal(join(dir, 'journal'), signer);
    await journal.write(3, [entry('d')]);
    await journal.close();
    const good = readFileSync(pieceOf(dir, 3));
    const changed = Buffer.from(good);
    changed[44 + 8]! ^= 1;
    changed.writeUInt32BE(crc32(changed.subarray(44, 44 + 9)), 20);
    changed.writeUInt32BE(crc32(changed.subarray(0, 24)), 24);
    const moved = Buffer.from(good);
    moved.writeBigUInt64BE(2n, 4);
    moved.writeUInt32BE(crc32(moved.subarray(0, 24)), 24);
    for (const [name, bytes, first] of [
      ['changed', changed, 3],
      ['moved', moved.subarray(0, 44 + 9), 2],
    ] as const) {
      const copy = folder();
      cpSync(dir, copy, { recursive: true });
      for (const one of readdirSync(join(copy, 'journal'))) rmSync(join(copy, 'journal', one));
      writeFileSync(pieceOf(copy, first), bytes);
      if (name === 'changed')
        await assert.rejects(Ledger.open({ folder: copy, signer }), /did not write/, name);
      else {
        // It lies below the checkpoint: what stands there is signed already.
        const ledger = await Ledger.open({ folder: copy, signer });
        assert.equal(ledger.size, 3);
        await ledger.close();
      }
    }
  });

  it('of an earlier version are signed by that version, not by this one', async () => {
    const { dir, signer } = await stopped();
    writeFileSync(pieceOf(dir, 3), unsealed(3, Buffer.from('d')));
    await assert.rejects(Ledger.open({ folder: dir, signer }), /start and stop that version once/);
    for (const name of readdirSync(join(dir, 'journal'))) rmSync(join(dir, 'journal', name));
    writeFileSync(pieceOf(dir, 2), unsealed(2, Buffer.from('c')));
    const ledger = await Ledger.open({ folder: dir, signer });
    assert.equal(ledger.size, 3, 'those under a checkpoint are signed');
    await ledger.close();
  });

  it('are looked for in time that grows with the piece, whatever headers fill it', () => {
    const dir = folder();
    const piece = Buffer.alloc(1024 * 1024);
    const header = unsealed(0, Buffer.alloc(0)).subarray(0, 28);
    for (let at = 28; at + 28 < piece.length; at += 28) {
      header.writeUInt32BE(piece.length - at - 28, 16);
      header.writeUInt32BE(crc32(header.subarray(0, 24)), 24);
      header.copy(piece, at);
    }
    writeFileSync(join(dir, `${'0'.repeat(16)}.journal`), piece);
    const used = process.cpuUsage();
    assert.deepEqual(Journal.recover(dir, 0, null), []);
    const { user } = process.cpuUsage(used);
    assert.ok(user < 5_000_000, `${user} µs: 37,000 headers over 1 MiB each would take minutes`);
  });
});
