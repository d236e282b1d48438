import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CodedError } from '@sallyport/core';

/** Forces a folder's entries to disk, so that a new name survives a crash. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Writes a whole file so that after a crash it is there in full or not at all.
 * @param exclusive refuse to replace a file that exists
 */
export function writeDurably(
  path: string,
  content: Uint8Array | string,
  mode: number,
  exclusive = false,
): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const target = `${path}.${process.pid}.new`;
  // What lies under that name is none of ours: nothing is written through a link.
  rmSync(target, { force: true });
  const fd = openSync(target, 'wx', mode);
  try {
    // A disk that is nearly full takes a part of what it is given, and says so by a number alone.
    writeFileSync(fd, content);
    fsyncSync(fd);
  } catch (fault) {
    rmSync(target, { force: true });
    throw fault;
  } finally {
    closeSync(fd);
  }
  if (exclusive) {
    try {
      linkSync(target, path);
    } finally {
      rmSync(target, { force: true });
    }
  } else renameSync(target, path);
  syncFolder(dirname(path));
}

/** Gives a file a name that nothing has yet. @throws CodedError `conflict` */
async function nameNew(partial: string, path: string): Promise<void> {
  try {
    await link(partial, path);
  } catch (fault) {
    // Where a disk has no links, the look before is all there is.
    if ((fault as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(path))
      throw new CodedError('conflict', `\`${path}\` is there: nothing was replaced`);
    return rename(partial, path);
  }
  await rm(partial, { force: true });
}

/**
 * Writes a file of any size: it stands under its name once all of it is on the disk, or not at all, and whatever fails
 * on the way leaves nothing.
 * @param exclusive refuse to replace a file that exists, or came to be there meanwhile
 * @throws CodedError `conflict` for one that exists
 */
export async function writePieces(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  mode: number,
  exclusive = false,
): Promise<void> {
  const partial = `${path}.partial`;
  await rm(partial, { force: true });
  const file = await open(partial, 'wx', mode);
  try {
    try {
      for await (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    if (exclusive) await nameNew(partial, path);
    else await rename(partial, path);
  } catch (fault) {
    await rm(partial, { force: true });
    throw fault;
  }
  syncFolder(dirname(path));
}
