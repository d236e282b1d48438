import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CodedError, isFullDisk } from '@sallyport/core';
import type { Ledger } from '@sallyport/ledger';
import type { Room } from '@sallyport/store';
import type { Installation } from './installation.ts';
import { log } from './log.ts';

/** What is kept, and how much of it is given at a time: a revocation takes some 50 KB. */
const KEPT_BYTES = 4 * 1024 * 1024;
const STEP_BYTES = 512 * 1024;
/** What `stat` counts in. A file with fewer of them than it is long has holes, for which no room is kept. */
const BLOCK_BYTES = 512;
/** At its end, through no link, and without waiting for a pipe. */
const OPEN =
  constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Milliseconds between looks whether what waited for room can be stored. */
const LOOK_MS = 1_000;

/** Room in the data folder for changes that shut someone out, so that those are stored although the disk is full. */
class ReservedRoom implements Room {
  readonly #path: string;
  readonly #onRelease: () => Promise<unknown>;
  #bytes: number;
  #released = false;

  /** @param onRelease does what waited for room */
  constructor(folder: string, onRelease: () => Promise<unknown>) {
    this.#path = join(folder, 'reserve');
    this.#onRelease = onRelease;
    const there = lstatSync(this.#path, { throwIfNoEntry: false });
    // A link in its place would have this fill, and cut, what it leads to.
    if (there && !there.isFile()) rmSync(this.#path, { recursive: true });
    const isWhole = there && there.blocks * BLOCK_BYTES >= Math.min(there.size, KEPT_BYTES);
    this.#bytes = there?.isFile() && isWhole ? there.size : 0;
    if (there?.isFile() && !isWhole) this.#cut();
    this.fill();
  }

  get isShort(): boolean {
    return this.#released;
  }

  async release(): Promise<boolean> {
    if (this.#bytes === 0) return false;
    this.#released = true;
    this.#bytes = Math.max(0, this.#bytes - STEP_BYTES);
    this.#cut();
    await this.#onRelease().catch(() => {});
    return true;
  }

  #cut(): void {
    const fd = openSync(this.#path, OPEN, 0o600);
    try {
      ftruncateSync(fd, this.#bytes);
    } finally {
      closeSync(fd);
    }
  }

  /** Takes what was given, or is not there yet, where there is room for all of it. @returns whether it is there */
  fill(): boolean {
    const missing = KEPT_BYTES - this.#bytes;
    if (missing > 0) {
      const { bavail, bsize } = statfsSync(dirname(this.#path));
      if (bavail * bsize < missing + STEP_BYTES) return false;
      const fd = openSync(this.#path, OPEN, 0o600);
      try {
        // Random: what is alike may take no room on disks that compress.
        const bytes = randomBytes(missing);
        for (let at = 0; at < missing; ) at += writeSync(fd, bytes, at);
        fsyncSync(fd);
        this.#bytes = KEPT_BYTES;
      } catch (fault) {
        this.#cut();
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

/** Sees to it that what shuts someone out is stored in the room that is kept for it, at once or as soon as that is possible. */
export class RoomKeeper {
  readonly #installation: Pick<Installation, 'folder' | 'ledger' | 'store'>;
  readonly #room: ReservedRoom;
  readonly #timer: NodeJS.Timeout;
  /** Called when a change is stored that was in force before. */
  onStoredLate: () => void = () => {};

  constructor(installation: Pick<Installation, 'folder' | 'ledger' | 'store'>) {
    const { folder, ledger, store } = installation;
    this.#installation = installation;
    this.#room = new ReservedRoom(folder, () => ledger.checkpointNow());
    this.#timer = setInterval(() => void this.#makeUp(), LOOK_MS).unref();
    store.keepRoom(this.#room, ({ what, since }, fault) => {
      const about = { what: what.join(', '), since };
      if (fault)
        log('error', 'what acted and waited to be stored is given up', { ...about, fault: fault.message });
      else log('info', 'what acted already is stored by now', about);
      this.onStoredLate();
    });
  }

  /** Whether the disk is too full for anything but what shuts someone out. */
  get isShort(): boolean {
    return this.#room.isShort;
  }

  /** Stores what waits, and takes the room again that was given for it. */
  async #makeUp(): Promise<void> {
    const { store } = this.#installation;
    try {
      if (store.unstored.length > 0) await store.storeLate();
      if (this.#room.isShort) this.#room.fill();
    } catch (fault) {
      log('error', 'room on the disk cannot be kept', { fault: (fault as Error).message });
    }
  }

  /** Appends what calls record, while there is room for more than what shuts someone out. @throws CodedError `record-unavailable` */
  appendCalls(entries: Parameters<Ledger['append']>[0]): Promise<number> {
    return this.#room.isShort
      ? Promise.reject(new CodedError('record-unavailable', 'the disk is full'))
      : this.#installation.ledger.append(entries);
  }

  /** Tries once more, and says what ends with this process. */
  async close(): Promise<void> {
    const { store } = this.#installation;
    clearInterval(this.#timer);
    await store.storeLate();
    for (const { what, since } of store.unstored)
      log('error', 'this was in force and could not be stored: it ends with this process, do it again', {
        what: what.join(', '),
        since,
      });
  }
}
