import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { entriesPath, TILE_WIDTH, tilePath } from './tile.ts';

/** Each run reads at least so many bundles again, and this part of all: a day's runs, one every 15 minutes, read the whole log. */
const AGAIN_MIN = 16;
const AGAIN_PART = 96;

interface VerifiedBundle {
  /** What the file system says of its files. */
  readonly files: string;
  /** Root over its entries. */
  readonly root: Buffer;
}

/**
 * Says when a file was last changed, as far as the file system knows: device, inode, length, times of its content and of
 * its inode. Null where there is none.
 */
export async function fileMark(path: string): Promise<string | null> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return null;
  }
}

/**
 * Full bundles of entries that this process has verified. While their files stay as they are, the next verification takes
 * their roots from here; those read longest ago are read again, some in each run. Who can change a file and all that the
 * file system says of it is found then, or by whoever verifies the files without this memory.
 */
export class VerifiedBundles {
  /** Read longest ago first. */
  readonly #known = new Map<number, VerifiedBundle>();
  #again = new Set<number>();
  /** Entries that the last verification read. */
  read = 0;

  /** Begins a run. */
  begin(): void {
    this.read = 0;
    this.#again = new Set();
    const most = Math.max(AGAIN_MIN, Math.ceil(this.#known.size / AGAIN_PART));
    for (const bundle of this.#known.keys()) {
      if (this.#again.size === most) break;
      this.#again.add(bundle);
    }
  }

  /** @returns what the file system says of the files of a full bundle; null where one is missing */
  async marks(folder: string, bundle: number): Promise<string | null> {
    const [entries, tile] = await Promise.all([
      fileMark(join(folder, entriesPath(bundle, TILE_WIDTH))),
      fileMark(join(folder, tilePath(0, bundle, TILE_WIDTH))),
    ]);
    return entries === null || tile === null ? null : `${entries} ${tile}`;
  }

  /** The root over a bundle that was verified with these files; null where it is to be read. */
  rootOf(bundle: number, marks: string | null): Buffer | null {
    const known = this.#known.get(bundle);
    return known === undefined || known.files !== marks || this.#again.has(bundle) ? null : known.root;
  }

  /** Keeps a bundle that was read and is what the log says. @param marks taken before it was read */
  keep(bundle: number, marks: string, root: Buffer): void {
    this.forget(bundle);
    this.#known.set(bundle, { files: marks, root });
  }

  forget(bundle: number): void {
    this.#known.delete(bundle);
  }

  /** The bundles do not lead to the signed root: all are read again. */
  clear(): void {
    this.#known.clear();
  }

  /** What is known now, for a run that must not add to it. */
  copy(): VerifiedBundles {
    const out = new VerifiedBundles();
    for (const [bundle, known] of this.#known) out.#known.set(bundle, known);
    return out;
  }
}
