import {
  close,
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFile,
  writeSync,
  writevSync,
} from 'node:fs';
import { open as openHandle, rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CodedError } from '@sallyport/core';

const openAsync = promisify(open);
const closeAsync = promisify(close);
const writeWhole = promisify(writeFile);
const syncAll = promisify(fsync);
const syncContent = promisify(fdatasync);

/** How a file is opened: to change in place, anew, or to add at its end. */
export type OpenFlags = 'r+' | 'w' | 'a';

/** A file held open for writing. Nothing is durable before a sync has answered. */
export interface DiskFile {
  /** Writes pieces one behind the other from a position on. @returns bytes taken, which may be fewer than given */
  writeAt(pieces: readonly Uint8Array[], at: number): number;
  /** Writes to the last byte, where the file is left: at its start when it is new, at its end when it is added to. */
  write(content: Uint8Array): Promise<void>;
  /** Forces content to disk, as `fdatasync` does, on this thread. */
  syncContentNow(): void;
  syncContent(): Promise<void>;
  sync(): Promise<void>;
  closeNow(): void;
  close(): Promise<void>;
}

/**
 * What the record asks of a file system, and nothing else: so that a test can keep account of every write and sync,
 * and replay what a power cut may leave. Names are durable only once their folder is synced.
 */
export interface Disk {
  openNow(path: string, flags: OpenFlags): DiskFile;
  open(path: string, flags: OpenFlags): Promise<DiskFile>;
  exists(path: string): boolean;
  /** A whole file, or null when there is none. @throws CodedError `ledger-corrupt` where it is no file, or longer than it may be */
  readNow(path: string, bytesMax?: number): Buffer | null;
  read(path: string, bytesMax?: number): Promise<Buffer | null>;
  /** A file piece by piece. */
  pieces(path: string): AsyncIterable<Buffer>;
  list(folder: string): string[];
  /** Makes a folder and those above it. @returns the first that it made, if any */
  makeFolder(folder: string): string | undefined;
  renameNow(from: string, to: string): void;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, whether or not it exists. */
  removeNow(path: string): void;
  syncFolderNow(folder: string): void;
  syncFolder(folder: string): Promise<void>;
}

const MODE_FILE = 0o600;
const MODE_FOLDER = 0o700;

const fileOf = (fd: number): DiskFile => ({
  writeAt: (pieces, at) =>
    pieces.length === 1
      ? writeSync(fd, pieces[0]!, 0, pieces[0]!.length, at)
      : writevSync(fd, [...pieces], at),
  write: (content) => writeWhole(fd, content),
  syncContentNow: () => fdatasyncSync(fd),
  syncContent: () => syncContent(fd),
  sync: () => syncAll(fd),
  closeNow: () => closeSync(fd),
  close: () => closeAsync(fd),
});

const missing = (error: unknown): null => {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  return null;
};

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
/** What Node reads in one piece at the most. */
const FILE_BYTES_MAX = 2 ** 31 - 1;

/** Pipes are not waited for, and nothing is written through a link: a process that may write to the folder can put both there. */
const FLAGS: Readonly<Record<OpenFlags, number>> = {
  'r+': O_RDWR | O_NOFOLLOW | O_NONBLOCK,
  w: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
  a: O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK,
};

function requireFile(isFile: boolean, size: number, path: string, bytesMax: number): void {
  if (!isFile) throw new CodedError('ledger-corrupt', `\`${path}\` is no file`);
  if (size > bytesMax) throw new CodedError('ledger-corrupt', `\`${path}\` is longer than it may be`);
}

/** How a file is opened that is only read. @param follow whether links are followed */
const readingFlags = (follow: boolean): number => O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW);

/** Says of a file that was not opened why: null where there is none. */
function unopened(error: unknown, path: string): null {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ELOOP') throw new CodedError('ledger-corrupt', `\`${path}\` is a link where a file belongs`);
  if (code === 'ENXIO') throw new CodedError('ledger-corrupt', `\`${path}\` is no file`);
  return missing(error);
}

function checked(fd: number, path: string): number {
  try {
    requireFile(fstatSync(fd).isFile(), 0, path, 0);
    return fd;
  } catch (fault) {
    closeSync(fd);
    throw fault;
  }
}

/**
 * A whole file, read at once; null where there is none. Nothing waits for a pipe in its place, and no link is followed.
 * @throws CodedError `ledger-corrupt` where it is no file, or longer than it may be
 */
export function readPlain(path: string, bytesMax: number, follow = false): Buffer | null {
  let fd: number | null = null;
  try {
    fd = openSync(path, readingFlags(follow));
  } catch (error) {
    return unopened(error, path);
  }
  try {
    const stats = fstatSync(fd);
    requireFile(stats.isFile(), stats.size, path, bytesMax);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** How files are read. @param follow whether links are followed */
const reading = (follow: boolean): Pick<Disk, 'readNow' | 'read' | 'pieces'> => {
  const opened = (path: string) =>
    openHandle(path, readingFlags(follow)).catch((error: unknown) => unopened(error, path));
  return {
    readNow: (path, bytesMax = FILE_BYTES_MAX) => readPlain(path, bytesMax, follow),
    async read(path, bytesMax = FILE_BYTES_MAX) {
      const file = await opened(path);
      if (!file) return null;
      try {
        const stats = await file.stat();
        requireFile(stats.isFile(), stats.size, path, bytesMax);
        return await file.readFile();
      } finally {
        await file.close();
      }
    },
    async *pieces(path) {
      const file = await opened(path);
      if (!file) throw new CodedError('ledger-corrupt', `\`${path}\` is missing`);
      try {
        requireFile((await file.stat()).isFile(), 0, path, 0);
        yield* file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>;
      } finally {
        await file.close();
      }
    },
  };
};

/** The file system of this machine. */
export const realDisk: Disk = {
  openNow(path, flags) {
    if (flags === 'w') rmSync(path, { force: true });
    return fileOf(checked(openSync(path, FLAGS[flags], MODE_FILE), path));
  },
  async open(path, flags) {
    if (flags === 'w') await rm(path, { force: true });
    return fileOf(checked(await openAsync(path, FLAGS[flags], MODE_FILE), path));
  },
  exists: existsSync,
  ...reading(false),
  list: (folder) => readdirSync(folder),
  makeFolder: (folder) => mkdirSync(folder, { recursive: true, mode: MODE_FOLDER }),
  renameNow: renameSync,
  rename,
  removeNow: (path) => rmSync(path, { force: true }),
  syncFolderNow: (folder) => {
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
  syncFolder: async (folder) => {
    const fd = await openAsync(folder, 'r');
    try {
      await syncAll(fd);
    } finally {
      await closeAsync(fd);
    }
  },
};

/** The same where links may lead to files: for readers that believe nothing they read, and write nothing. */
export const linkedDisk: Disk = { ...realDisk, ...reading(true) };
