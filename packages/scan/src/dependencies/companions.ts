import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isBelow, type PathBytes } from '../tree/path-bytes.ts';
import type { Tree } from '../tree/walk-tree.ts';
import type { Companions } from './locked-package.ts';

/** How the text of a file is read. @throws Error in words, or of the file system */
export type ReadText = (path: PathBytes, bounds: Tree['bounds']) => string;

/** Files beside a lock file, by the names that it gives them: below its own folder, or within what is scanned. */
export class FolderCompanions implements Companions {
  readonly #own: PathBytes;
  readonly #bounds: readonly string[] | null;
  readonly #listed: ReadonlySet<string>;
  readonly #readText: ReadText;

  /**
   * @param own the lock file, without links
   * @param listed lock files that are read by themselves, without links
   */
  constructor(own: PathBytes, bounds: Tree['bounds'], listed: ReadonlySet<string>, readText: ReadText) {
    this.#own = own;
    this.#bounds = bounds && typeof own === 'string' ? [...bounds, dirname(own)] : bounds;
    this.#listed = listed;
    this.#readText = readText;
  }

  find(path: string, from: string | null): ReturnType<Companions['find']> {
    const own = from ?? this.#own;
    if (/^[a-z][a-z0-9+.-]{0,31}:\/\//i.test(path) || /^file:/i.test(path))
      return { fault: 'is not on this machine' };
    if (/\$\{[A-Z0-9_]{1,64}\}/.test(path))
      return { fault: 'is not read: its name depends on the environment' };
    if (typeof own !== 'string' || path.includes('\0')) return { fault: 'cannot be found' };
    let place: string;
    try {
      place = realpathSync(resolve(dirname(own), path));
    } catch {
      return { fault: 'is not there' };
    }
    if (this.#bounds && !this.#bounds.some((bound) => isBelow(place, bound)))
      return { fault: 'leads out of what is scanned' };
    // It is being read.
    if (place === this.#own) return { place, text: '' };
    if (this.#listed.has(place)) return { place, text: null };
    try {
      return { place, text: this.#readText(place, this.#bounds) };
    } catch (fault) {
      return { fault: `cannot be read: ${(fault as Error).message}` };
    }
  }
}
