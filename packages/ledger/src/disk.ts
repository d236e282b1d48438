import {
  close,
  closeSync,
  createReadStream,
  existsSync,
  fdatasync,
  fdatasyncSync,
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
import { readFile, rename } from 'node:fs/promises';
import { promisify } from 'node:util';

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
  /** A whole file, or null when there is none. */
  readNow(path: string): Buffer | null;
  read(path: string): Promise<Buffer | null>;
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

/** The file system of this machine. */
export const realDisk: Disk = {
  openNow: (path, flags) => fileOf(openSync(path, flags, MODE_FILE)),
  open: async (path, flags) => fileOf(await openAsync(path, flags, MODE_FILE)),
  exists: existsSync,
  readNow: (path) => (existsSync(path) ? readFileSync(path) : null),
  read: (path) => readFile(path).catch(missing),
  pieces: (path) => createReadStream(path) as AsyncIterable<Buffer>,
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
