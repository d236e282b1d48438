import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';

/**
 * Makes a file that only its owner may read, or makes it so: SQLite makes what lies beside it alike. A file that is there is
 * not opened: closing any descriptor of a file ends the locks that this process holds on it (POSIX, fcntl).
 */
export function forOwner(path: string): void {
  if (existsSync(path)) return chmodSync(path, 0o600);
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch (fault) {
    // Another process made it meanwhile.
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
    chmodSync(path, 0o600);
  }
}
