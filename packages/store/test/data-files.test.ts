import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DataFolderLock, openSqlite, viewState } from '@sallyport/store';

describe('the file of a lock', () => {
  it('is not said to be held by another process where its file is something else', () => {
    for (const put of [
      (path: string) => writeFileSync(path, 'x'.repeat(5000)),
      (path: string) => mkdirSync(path),
    ]) {
      const folder = mkdtempSync(join(tmpdir(), 'lock-'));
      put(join(folder, 'lock.db'));
      assert.throws(() => DataFolderLock.acquire(folder), {
        code: 'usage',
        message: /cannot be locked.*remove it/,
      });
    }
  });
});

describe('a database where nothing may be written', () => {
  it('is read as it is, or says that it cannot be', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'read-only-'));
    const file = join(folder, 'state.db');
    const store = await openSqlite(file);
    await store.close();
    const other = 65_534;
    const isRoot = process.getuid!() === 0;
    /** Does work as a user who may not write there. */
    const reading = async <T>(work: () => Promise<T>): Promise<T> => {
      for (const name of readdirSync(folder)) {
        if (isRoot) chownSync(join(folder, name), other, other);
        chmodSync(join(folder, name), 0o400);
      }
      if (isRoot) chownSync(folder, other, other);
      chmodSync(folder, 0o500);
      if (isRoot) process.seteuid!(other);
      try {
        return await work();
      } finally {
        if (isRoot) process.seteuid!(0);
        chmodSync(folder, 0o700);
      }
    };
    await reading(async () => {
      const view = await viewState({ file });
      assert.equal(await view.cursor(), 0);
      await view.close();
    });
    writeFileSync(`${file}-wal`, 'what was written last');
    await reading(() =>
      assert.rejects(viewState({ file }), {
        code: 'database-unavailable',
        message: /copy the folder to where/,
      }),
    );
  });
});
