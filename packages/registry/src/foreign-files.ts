import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  read,
  readlinkSync,
  readSync,
  realpathSync,
  write,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CodedError } from '@sallyport/core';

/** A file that somebody else may change, link and swap while it is read. */
export interface ForeignFile {
  /** The name that it has in the model. */
  readonly name: string;
  /** Where it lies: no link is in it. */
  readonly path: string;
  /** What a layout says that its content is; null where it says nothing. */
  readonly said: SaidDigest | null;
}

/** A digest by which a layout names a content: of the content itself, or of a blob of git. */
export interface SaidDigest {
  readonly kind: 'sha256' | 'git-sha1';
  /** Hexadecimal. */
  readonly value: string;
}

/** A copy that only this process can change. */
export interface PrivateFile {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

const READ_BYTES = 1024 * 1024;
const readAt = promisify(read);
const writeAll = promisify(write);
const TEXT_BYTES_MAX = 8 * 1024 * 1024;
const NAME_BYTES_MAX = 1024;
const PART_BYTES_MAX = 255;

const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);

/** A path without links. @throws CodedError `usage` where it leads out of a folder, or nowhere */
export function realWithin(path: string, root: string, name: string): string {
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    throw new CodedError('usage', `\`${name}\` is a link to nothing`);
  }
  if (!isBelow(real, root))
    throw new CodedError('usage', `\`${name}\` is a link that leads out of the model`);
  return real;
}

/** Whether what was opened is still what a path leads to, without a link on the way, and lies within a folder. */
function liesWithin(descriptor: number, path: string, root: string): boolean {
  // The kernel says where an open file lies; elsewhere the way is looked at again.
  if (process.platform === 'linux') return isBelow(readlinkSync(`/proc/self/fd/${descriptor}`), root);
  const own = fstatSync(descriptor, { bigint: true });
  const there = lstatSync(path, { bigint: true });
  return realpathSync(path) === path && isBelow(path, root) && own.ino === there.ino && own.dev === there.dev;
}

/**
 * Opens a file of a folder, and nothing else: no link in its place, no pipe or device, nothing outside that a folder on the way was
 * swapped for. @throws CodedError `usage`
 */
function openWithin(path: string, root: string, name: string): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    throw new CodedError(
      'usage',
      code === 'ELOOP' ? `\`${name}\` is a link where a file belongs` : `\`${name}\` cannot be read: ${code}`,
    );
  }
  try {
    if (!fstatSync(descriptor).isFile())
      throw new CodedError('usage', `\`${name}\` is neither a file nor a folder`);
    if (!liesWithin(descriptor, path, root))
      throw new CodedError('usage', `\`${name}\` leads out of the model`);
    return descriptor;
  } catch (fault) {
    closeSync(descriptor);
    throw fault;
  }
}

/** A small text file of a folder. @throws CodedError `usage` */
export function readWithin(path: string, root: string, name: string): string {
  const descriptor = openWithin(path, root, name);
  try {
    const { size } = fstatSync(descriptor);
    if (size > TEXT_BYTES_MAX) throw new CodedError('usage', `\`${name}\` is too large to be a description`);
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, size, 0)).toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}

const isSame = (a: BigIntStats, b: BigIntStats): boolean =>
  a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;

function checkSaid(file: ForeignFile, sha256: string, gitSha1: string): void {
  if (file.said && file.said.value !== (file.said.kind === 'sha256' ? sha256 : gitSha1))
    throw new CodedError('usage', `\`${file.name}\` is not what its layout says: its digest is another`);
}

/** Copies what is open, and hashes it on its way. @returns its digests */
async function copyOpen(
  from: number,
  into: number,
  size: number,
): Promise<{ sha256: string; gitSha1: string; bytes: number }> {
  const sum = createHash('sha256');
  const blob = createHash('sha1').update(`blob ${size}\0`);
  const room = Buffer.allocUnsafe(READ_BYTES);
  let bytes = 0;
  // One that grows for ever is not followed.
  while (bytes <= size) {
    const { bytesRead } = await readAt(from, room, 0, READ_BYTES, bytes);
    if (bytesRead === 0) break;
    const piece = room.subarray(0, bytesRead);
    sum.update(piece);
    blob.update(piece);
    for (let done = 0; done < bytesRead; ) {
      const { bytesWritten } = await writeAll(into, piece, done, bytesRead - done, bytes + done);
      done += bytesWritten;
    }
    bytes += bytesRead;
  }
  return { sha256: sum.digest('hex'), gitSha1: blob.digest('hex'), bytes };
}

const OWN_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Copies one file, and hashes the copy as it is written. @throws CodedError `usage`, `conflict` for one that changes meanwhile */
async function copyOne(file: ForeignFile, root: string, to: string): Promise<PrivateFile> {
  const from = openWithin(file.path, root, file.name);
  let into: number | null = null;
  try {
    const before = fstatSync(from, { bigint: true });
    into = openSync(to, OWN_FILE, 0o600);
    const { sha256, gitSha1, bytes } = await copyOpen(from, into, Number(before.size));
    if (!isSame(before, fstatSync(from, { bigint: true })) || bytes !== Number(before.size))
      throw new CodedError('conflict', `\`${file.name}\` changed while it was read; register it again`);
    checkSaid(file, sha256, gitSha1);
    return { name: file.name, path: to, sha256, bytes };
  } finally {
    closeSync(from);
    if (into !== null) closeSync(into);
  }
}

/**
 * Copies files to where nobody else writes; what is hashed, scanned and stored afterwards is the copy, whatever becomes of the files.
 * @param root folder that nothing is read outside of, without links
 * @param folder not there yet
 * @throws CodedError `usage`, `conflict` for a file that changes meanwhile
 */
export async function copyPrivately(
  files: readonly ForeignFile[],
  root: string,
  folder: string,
): Promise<PrivateFile[]> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const copies: PrivateFile[] = [];
  for (const file of files) {
    const to = join(folder, file.name);
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    copies.push(await copyOne(file, root, to));
  }
  return copies;
}

/** Whether a name can be a path of its own below a folder. */
export function isPlainName(name: string): boolean {
  const parts = name.split('/');
  return (
    name.isWellFormed() &&
    !name.includes('\0') &&
    Buffer.byteLength(name) <= NAME_BYTES_MAX &&
    parts.every(
      (part) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= PART_BYTES_MAX,
    )
  );
}

/**
 * Checks that names can lie side by side in one folder: none twice, none both a file and a folder, none that leads out.
 * @throws CodedError `usage`
 */
export function requireTree(names: readonly string[]): void {
  const files = new Set<string>();
  for (const name of names) {
    if (!isPlainName(name))
      throw new CodedError('usage', `the layout names a file outside the model: \`${name.slice(0, 80)}\``);
    if (files.has(name)) throw new CodedError('usage', `the layout has \`${name.slice(0, 80)}\` twice`);
    files.add(name);
  }
  for (const name of names)
    for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1))
      if (files.has(name.slice(0, at)))
        throw new CodedError('usage', `\`${name.slice(0, 80)}\` lies in a file, not in a folder`);
}
