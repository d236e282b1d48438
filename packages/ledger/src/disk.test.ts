import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { testSigner } from '../test/signer.ts';
import { realDisk } from './disk.ts';
import { Ledger } from './ledger.ts';
import { strayFiles } from './stray.ts';
import { contentRecords, DurableFiles } from './tree-store.ts';
import { verifyLedger } from './verify.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'disk-'));
const pipe = (path: string): void => {
  rmSync(path, { force: true });
  execFileSync('/usr/bin/mkfifo', [path]);
};
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const one of items) out.push(one);
  return out;
}
const corrupt = { code: 'ledger-corrupt' };

/** A log that was stopped, with content beside its entries. */
async function stopped() {
  const dir = folder();
  const ledger = await Ledger.open({ folder: dir, signer: testSigner('sallyport.test/log') });
  await ledger.append(
    [1, 2].map((n) => ({ leaf: Buffer.from(`{"n":${n}}`), payload: Buffer.from('sealed') })),
  );
  await ledger.close();
  return { dir, verifier: ledger.verifierKey };
}

describe('files of the record that others may have put there', () => {
  it('are not waited for where they are pipes', { timeout: 20_000 }, async () => {
    const { dir, verifier } = await stopped();
    for (const name of [
      'checkpoint',
      'journal/9999999999999999.journal',
      'tile/entries/000.p/2',
      'tile/0/000.p/2',
    ]) {
      const path = join(dir, name);
      const bytes = name.startsWith('journal') ? null : readFileSync(path);
      pipe(path);
      assert.throws(() => realDisk.readNow(path), corrupt);
      await assert.rejects(realDisk.read(path), corrupt);
      await assert.rejects(all(realDisk.pieces(path)), corrupt);
      assert.throws(() => realDisk.openNow(path, 'a'), /ENXIO/);
      const { problems } = await verifyLedger(dir, verifier);
      assert.ok(
        problems.some(({ file, message }) => file === name.split('/9')[0] && /is no file/.test(message)),
        JSON.stringify(problems),
      );
      assert.ok(Array.isArray(strayFiles(dir)));
      rmSync(path);
      if (bytes) writeFileSync(path, bytes);
    }
    assert.ok((await verifyLedger(dir, verifier)).ok);
    pipe(join(dir, 'content/000'));
    await assert.rejects(all(contentRecords(dir, 0)), corrupt);
  });

  it('are read no further where a record says that it is longer than any is', async () => {
    const { dir } = await stopped();
    const path = join(dir, 'content/000');
    const header = Buffer.alloc(12);
    header.writeUInt32BE(0xffffffff, 8);
    const fd = openSync(path, 'r+');
    writeSync(fd, header, 0, 12, 0);
    ftruncateSync(fd, 5 * 2 ** 30);
    closeSync(fd);
    const before = process.memoryUsage().rss;
    assert.deepEqual(await all(contentRecords(dir, 0)), []);
    assert.ok(process.memoryUsage().rss - before < 2 ** 28);
    assert.throws(() => realDisk.readNow(path), corrupt);
    assert.throws(() => realDisk.readNow(join(dir, 'checkpoint'), 10), corrupt);
  });

  it('take nothing that is written, where they are links', async () => {
    const dir = folder();
    const victim = join(dir, 'victim');
    writeFileSync(victim, 'theirs');
    for (const name of ['checkpoint.new', 'content', 'journal']) symlinkSync(victim, join(dir, name));
    const files = new DurableFiles(dir);
    await files.write('checkpoint', Buffer.from('ours'));
    await files.settle();
    assert.equal(readFileSync(join(dir, 'checkpoint'), 'utf8'), 'ours');
    assert.ok(lstatSync(join(dir, 'checkpoint')).isFile());
    await assert.rejects(files.write('content', Buffer.from('ours'), 'a'), { code: 'ELOOP' });
    assert.throws(() => realDisk.openNow(join(dir, 'journal'), 'r+'), { code: 'ELOOP' });
    realDisk.openNow(join(dir, 'journal'), 'w').closeNow();
    assert.ok(lstatSync(join(dir, 'journal')).isFile());
    symlinkSync(victim, join(dir, 'tile'));
    assert.throws(() => realDisk.readNow(join(dir, 'tile')), corrupt);
    assert.equal(readFileSync(victim, 'utf8'), 'theirs');
  });
});
