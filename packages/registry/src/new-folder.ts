import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { CodedError } from '@sallyport/core';

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Where an open folder is reached without its path: what its path leads to may be swapped. */
const handle = (descriptor: number, path: string): string =>
  process.platform === 'linux' ? `/proc/self/fd/${descriptor}` : path;

/**
 * A folder that was made just now and is filled through a handle on it. Who owns the folder around it may move it and put a link in its
 * place: then what is written still lands in the folder that was made.
 */
export class NewFolder {
  readonly #path: string;
  readonly #descriptor: number;

  private constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  /** @throws CodedError `conflict` where something else took its place, Error of the file system where there is one already */
  static make(path: string): NewFolder {
    mkdirSync(path, { mode: 0o700 });
    let descriptor: number;
    try {
      descriptor = openSync(path, FOLDER);
    } catch (fault) {
      throw new CodedError('conflict', 'a folder was swapped while it was made', { cause: fault });
    }
    const folder = new NewFolder(path, descriptor);
    const isOwn = fstatSync(descriptor).uid === process.geteuid?.() || process.geteuid === undefined;
    if (isOwn && readdirSync(handle(descriptor, path)).length === 0) return folder;
    folder.close();
    throw new CodedError('conflict', 'a folder was swapped while it was made');
  }

  /** Where it lies now, links resolved. */
  get place(): string {
    return process.platform === 'linux'
      ? readlinkSync(handle(this.#descriptor, this.#path))
      : realpathSync(this.#path);
  }

  /** Opens a new file in it for writing. @param name relative, its parts with `/` between them. @throws Error of the file system */
  create(name: string): number {
    const parts = name.split('/');
    const file = parts.pop()!;
    const opened: number[] = [];
    let at = handle(this.#descriptor, this.#path);
    try {
      for (const part of parts) {
        try {
          mkdirSync(`${at}/${part}`, { mode: 0o700 });
        } catch (fault) {
          if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
        }
        const inner = openSync(`${at}/${part}`, FOLDER);
        opened.push(inner);
        at = handle(inner, `${at}/${part}`);
      }
      return openSync(`${at}/${file}`, FILE, 0o600);
    } finally {
      for (const one of opened) closeSync(one);
    }
  }

  /** Whether a path leads to it, and not to something that was put there. */
  isAt(path: string): boolean {
    const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    const own = fstatSync(this.#descriptor, { bigint: true });
    return there?.isDirectory() === true && there.ino === own.ino && there.dev === own.dev;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
