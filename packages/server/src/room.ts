import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  statfsSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isFullDisk } from '@sallyport/core';
import type { Room } from '@sallyport/store';

/** What is kept, and how much of it is given at a time: a revocation takes some 50 KB. */
const KEPT_BYTES = 4 * 1024 * 1024;
const STEP_BYTES = 512 * 1024;

/** Room in the data folder for changes that shut someone out, so that those are stored although the disk is full. */
export class ReservedRoom implements Room {
  readonly #path: string;
  readonly #onRelease: () => Promise<unknown>;
  #bytes: number;
  #released = false;

  /** @param onRelease does what waited for room */
  constructor(folder: string, onRelease: () => Promise<unknown>) {
    this.#path = join(folder, 'reserve');
    this.#onRelease = onRelease;
    this.#bytes = existsSync(this.#path) ? statSync(this.#path).size : 0;
    this.fill();
  }

  get isShort(): boolean {
    return this.#released;
  }

  async release(): Promise<boolean> {
    if (this.#bytes === 0) return false;
    this.#released = true;
    this.#bytes = Math.max(0, this.#bytes - STEP_BYTES);
    truncateSync(this.#path, this.#bytes);
    await this.#onRelease().catch(() => {});
    return true;
  }

  /** Takes what was given, or is not there yet, where there is room for all of it. @returns whether it is there */
  fill(): boolean {
    const missing = KEPT_BYTES - this.#bytes;
    if (missing > 0) {
      const { bavail, bsize } = statfsSync(dirname(this.#path));
      if (bavail * bsize < missing + STEP_BYTES) return false;
      const fd = openSync(this.#path, 'a', 0o600);
      try {
        // Random: what is alike may take no room on disks that compress.
        const bytes = randomBytes(missing);
        for (let at = 0; at < missing; ) at += writeSync(fd, bytes, at);
        fsyncSync(fd);
        this.#bytes = KEPT_BYTES;
      } catch (fault) {
        truncateSync(this.#path, this.#bytes);
        if (!isFullDisk(fault)) throw fault;
        return false;
      } finally {
        closeSync(fd);
      }
    }
    this.#released = false;
    return true;
  }
}
