import { join } from 'node:path';
import { type Disk, realDisk } from './disk.ts';
import { contentPath } from './tile.ts';
import { CONTENT_HEADER_BYTES, contentBytes, contentHeader, contentRecords } from './tree-store.ts';

/** Whether a sealed content is to go. */
export type IsGone = (index: number, payload: Uint8Array) => boolean | Promise<boolean>;

/**
 * Rewrites the content file of a full bundle without what is to go, and replaces the one before with it: a crash leaves
 * one or the other. Entries, tiles and their commitments stay as they are. A file with bytes that are content of no entry is left untouched.
 * @param n number of the bundle
 * @returns bytes that are free now
 */
export async function shedContent(
  folder: string,
  n: number,
  isGone: IsGone,
  disk: Disk = realDisk,
): Promise<number> {
  const gone = new Set<number>();
  let bytes = 0;
  let freed = 0;
  for await (const { index, payload } of contentRecords(folder, n, disk)) {
    const length = CONTENT_HEADER_BYTES + payload.length;
    bytes += length;
    if (!(await isGone(index, payload))) continue;
    gone.add(index);
    freed += length;
  }
  if (freed === 0 || bytes !== contentBytes(folder, n)) return 0;
  const path = join(folder, contentPath(n));
  const file = await disk.open(`${path}.new`, 'w');
  try {
    for await (const { index, payload } of contentRecords(folder, n, disk))
      if (!gone.has(index)) await file.write(Buffer.concat([contentHeader(index, payload), payload]));
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(`${path}.new`, path);
  await disk.syncFolder(join(path, '..'));
  return freed;
}
