import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ENTRIES_MAX = 200_000;
/** Entries that are looked at before calls have their turn. */
const TURN_ENTRIES = 256;

/** Changes when a file in a folder does, or the advisories: names, sizes and times. */
export async function treeFingerprint(...folders: readonly string[]): Promise<string> {
  let entries = 0;
  let bytes = 0;
  let newest = 0;
  const open = folders.filter((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory());
  for (let folder = open.pop(); folder !== undefined && entries < ENTRIES_MAX; folder = open.pop())
    for (const name of readdirSync(folder)) {
      if (++entries % TURN_ENTRIES === 0) await new Promise((turn) => setImmediate(turn));
      const path = join(folder, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (!stat) continue;
      newest = Math.max(newest, stat.mtimeMs, stat.ctimeMs);
      if (!stat.isDirectory()) bytes += stat.size;
      else if (name !== '.git' && name !== 'node_modules') open.push(path);
    }
  return `${entries} ${bytes} ${newest}`;
}
