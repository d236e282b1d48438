import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { platform } from 'node:process';
import { isBelow, type PathBytes } from '../tree/path-bytes.ts';

/** Bytes that can be read anywhere: a file, a member of an archive, a slice of either. */
export interface ByteSource {
  /** Bytes in all. */
  readonly size: number;
  /**
   * Bytes from `offset` on: `length` of them, fewer at the end. What it returns may be a view: do not write to it.
   * @param into where they may be put, if they must be put somewhere
   */
  read(offset: number, length: number, into?: Uint8Array): Uint8Array;
}

/** Bytes in memory. */
export class BytesSource implements ByteSource {
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(Math.max(0, offset), Math.max(0, Math.min(offset + length, this.size)));
  }
}

/** A file, read by position and never as a whole. */
export class FileSource implements ByteSource {
  readonly size: number;
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.size = fstatSync(descriptor).size;
  }

  /**
   * Opens a file, and nothing else: a pipe or device would wait or never end.
   * @param path as {@link realpathSync} gives it, a link is not followed
   * @param bounds real folders and files; what a folder on the way was swapped for is not read outside of them
   * @throws Error of the file system, or in words
   */
  static open(path: PathBytes, bounds: readonly string[] | null = null): FileSource {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!fstatSync(descriptor).isFile()) throw new Error('it is no file');
      if (bounds && platform === 'linux') {
        const opened = readlinkSync(`/proc/self/fd/${descriptor}`, { encoding: 'buffer' });
        if (!bounds.some((bound) => isBelow(opened, bound)))
          throw new Error('it leads out of what is scanned');
      }
      return new FileSource(descriptor);
    } catch (fault) {
      closeSync(descriptor);
      throw fault;
    }
  }

  /** What tells its content from others without reading it; it changes when the file does. */
  get identity(): string {
    const { dev, ino, size, mtimeNs, ctimeNs } = fstatSync(this.#descriptor, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  }

  read(offset: number, length: number, into?: Uint8Array): Uint8Array {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    if (wanted === 0) return new Uint8Array(0);
    const bytes = into && into.length >= wanted ? into : Buffer.allocUnsafe(wanted);
    let done = 0;
    while (done < wanted) {
      const got = readSync(this.#descriptor, bytes, done, wanted - done, offset + done);
      if (got === 0) break;
      done += got;
    }
    return bytes.subarray(0, done);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** A part of another source. */
export class SliceSource implements ByteSource {
  readonly size: number;
  readonly #whole: ByteSource;
  readonly #start: number;

  constructor(whole: ByteSource, start: number, end = whole.size) {
    this.#whole = whole;
    this.#start = Math.min(start, whole.size);
    this.size = Math.max(0, Math.min(end, whole.size) - this.#start);
  }

  read(offset: number, length: number, into?: Uint8Array): Uint8Array {
    if (offset >= this.size || offset < 0) return new Uint8Array(0);
    return this.#whole.read(this.#start + offset, Math.min(length, this.size - offset), into);
  }
}

/** Another source without the bytes from `from` to `to`. */
export class WithoutSource implements ByteSource {
  readonly size: number;
  readonly #whole: ByteSource;
  readonly #from: number;
  readonly #gap: number;

  constructor(whole: ByteSource, from: number, to: number) {
    this.#whole = whole;
    this.#from = from;
    this.#gap = to - from;
    this.size = whole.size - this.#gap;
  }

  read(offset: number, length: number): Uint8Array {
    if (offset >= this.#from) return this.#whole.read(offset + this.#gap, length);
    const before = Math.min(length, this.#from - offset);
    if (before === length) return this.#whole.read(offset, length);
    return Buffer.concat([
      this.#whole.read(offset, before),
      this.#whole.read(this.#from + this.#gap, length - before),
    ]);
  }
}
