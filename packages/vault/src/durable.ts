import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

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
  const fd = openSync(target, 'w', mode);
  try {
    writeSync(fd, typeof content === 'string' ? Buffer.from(content) : content);
    fsyncSync(fd);
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

/**
 * Writes a file of any size: it stands under its name once all of it is on the disk, or not at all, and whatever fails
 * on the way leaves nothing.
 */
export async function writePieces(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  mode: number,
): Promise<void> {
  const partial = `${path}.partial`;
  const file = await open(partial, 'w', mode);
  try {
    try {
      for await (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (fault) {
    await rm(partial, { force: true });
    throw fault;
  }
  syncFolder(dirname(path));
}
