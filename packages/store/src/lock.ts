import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@sallyport/core';
import { forOwner } from './owned-file.ts';

/** Another process holds the lock (https://sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;

/**
 * The lock on a data folder: an exclusive lock of the operating system on `lock.db`, which ends with the process
 * however it ends. One server, or one command without a server, holds it.
 */
export class DataFolderLock {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** @throws CodedError `data-locked` when another process holds it, `usage` where its file is something else */
  static acquire(folder: string): DataFolderLock {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, 'lock.db');
    forOwner(path);
    let db: DatabaseSync | null = null;
    try {
      db = new DatabaseSync(path);
      db.exec('pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive');
    } catch (cause) {
      db?.close();
      if ((Number((cause as { errcode?: number }).errcode ?? 0) & 0xff) !== SQLITE_BUSY)
        throw new CodedError(
          'usage',
          `\`${path}\` cannot be locked: ${(cause as Error).message}; it holds nothing: once no server runs on this folder, remove it`,
          { cause },
        );
      throw new CodedError(
        'data-locked',
        `another server holds \`${folder}\`; stop it, or use another --data`,
        { cause },
      );
    }
    return new DataFolderLock(db);
  }

  release(): void {
    this.#db.close();
  }
}
