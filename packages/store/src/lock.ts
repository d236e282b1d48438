import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@sallyport/core';
import { forOwner } from './owned-file.ts';

/**
 * The lock on a data folder: an exclusive lock of the operating system on `lock.db`, which ends with the process
 * however it ends. One server, or one command without a server, holds it.
 */
export class DataFolderLock {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** @throws CodedError `data-locked` when another process holds it */
  static acquire(folder: string): DataFolderLock {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, 'lock.db');
    forOwner(path);
    const db = new DatabaseSync(path);
    try {
      db.exec('pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive');
    } catch (cause) {
      db.close();
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
