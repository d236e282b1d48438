import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, statSync } from 'node:fs';

const ENTRIES_MAX = 1_000_000;
/** Entries that are looked at before calls have their turn. */
const TURN_ENTRIES = 256;
const SLASH = Buffer.from('/');

/** Names in a folder, none where it cannot be read: that changes the fingerprint too. */
function namesIn(folder: Buffer): Buffer[] {
  try {
    return readdirSync(folder, { encoding: 'buffer' });
  } catch {
    return [];
  }
}

/**
 * Changes when a file in a folder does, or the advisories: names, sizes and times of everything that a scan would look at, and of what it
 * passes over. Links are not followed.
 */
export async function treeFingerprint(...folders: readonly string[]): Promise<string> {
  let entries = 0;
  const sum = createHash('sha256');
  const open = folders
    .filter((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    .map((folder) => Buffer.from(folder));
  for (let folder = open.pop(); folder !== undefined && entries < ENTRIES_MAX; folder = open.pop())
    for (const name of namesIn(folder).sort(Buffer.compare)) {
      if (++entries % TURN_ENTRIES === 0) await new Promise((turn) => setImmediate(turn));
      const path = Buffer.concat([folder, SLASH, name]);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (!stat) continue;
      const { ino, mode, size, mtimeMs, ctimeMs } = stat;
      sum.update(path).update(`\0${ino} ${mode} ${stat.isDirectory() ? '' : size} ${mtimeMs} ${ctimeMs}\n`);
      if (stat.isDirectory()) open.push(path);
    }
  return `${entries} ${sum.digest('hex')}`;
}
