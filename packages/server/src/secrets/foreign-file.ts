import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { CodedError } from '@sallyport/core';

/** Where an installation keeps what no reference may lead to. */
export interface OwnPlaces {
  readonly dataFolder: string;
  readonly rootKey: string;
}

/** Folders in which files are none. */
const NO_FILES = ['/proc', '/sys', '/dev'];

const refuse = (why: string): never => {
  throw new CodedError('reference-not-allowed', why);
};

/** Whether a path lies in a folder. Both are absolute. */
export const isInside = (path: string, folder: string): boolean =>
  path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** A path with its links followed; where nothing is, as far as there is something. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(real(above), basename(path));
  }
}

/** Refuses what is the installation's own: the data folder, and what lies beside the root key. @param path real */
function refuseOwn(path: string, own: OwnPlaces): void {
  const data = real(resolve(own.dataFolder));
  const root = real(resolve(own.rootKey));
  if (path === data || isInside(path, data)) refuse('the data folder holds nothing that may be named');
  // The ring, the authority and what witnesses saw lie beside the root, in files and folders that begin with its name.
  if (dirname(path) === dirname(root) || path === dirname(root) || path.startsWith(`${root}.`))
    refuse('nothing beside the root key may be named');
}

/**
 * Refuses a path that is the installation's own, lies in it or holds it, before files are taken from there or put there. What merely lies
 * beside the root key is somebody's model. @throws CodedError `reference-not-allowed`
 */
export function requireForeign(path: string, own: OwnPlaces): void {
  const place = real(resolve(path));
  const data = real(resolve(own.dataFolder));
  const root = real(resolve(own.rootKey));
  if (place === data || isInside(place, data)) refuse('the data folder holds nothing that may be named');
  if (place === root || place.startsWith(`${root}.`)) refuse('nothing of the root key may be named');
  if (isInside(data, place) || isInside(root, place))
    refuse('a folder that holds the data folder or the root key may not be named');
}

const same = (a: Stats, b: Stats): boolean => a.dev === b.dev && a.ino === b.ino;

/**
 * Reads a file that somebody named: a plain file of bounded size, not of the installation's own, wherever links lead.
 * @param path absolute
 * @param inside folder that it must lie in, links followed; null for what the owner of the machine named
 * @throws CodedError `reference-not-allowed`
 */
export function readForeign(
  path: string,
  own: OwnPlaces,
  { bytesMax, inside }: { readonly bytesMax: number; readonly inside: string | null },
): Buffer {
  if (path.includes('\0')) refuse('a path holds no NUL');
  let fd: number | null = null;
  try {
    const place = realpathSync(path);
    if (inside !== null && !isInside(place, realpathSync(inside))) refuse('a link leads out of the folder');
    if (NO_FILES.some((folder) => isInside(place, folder))) refuse('devices and processes are no files');
    refuseOwn(place, own);
    // Nothing waits for a pipe, and no link put there meanwhile is followed.
    fd = openSync(place, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stats = fstatSync(fd);
    if (!stats.isFile()) refuse('only plain files may be named');
    if (stats.nlink > 1) refuse('a file with further names (hard links) may not be named');
    if (stats.size > bytesMax) refuse(`the file is over ${bytesMax} bytes`);
    if (realpathSync(path) !== place || !same(statSync(place), stats))
      refuse('the file was changed meanwhile');
    return readWhole(fd, stats.size);
  } catch (fault) {
    if (fault instanceof CodedError) throw fault;
    throw new CodedError('reference-not-allowed', 'there is no such file, or it cannot be read', {
      cause: fault,
    });
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function readWhole(fd: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let at = 0;
  while (at < size) {
    const read = readSync(fd, bytes, at, size - at, at);
    if (read === 0) break;
    at += read;
  }
  return bytes.subarray(0, at);
}
