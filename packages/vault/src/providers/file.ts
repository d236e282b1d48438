import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { CodedError, type KeyProvider } from '@sallyport/core';
import { writeDurably } from '../durable.ts';
import { ROOT_KEY_BYTES, secretRoot } from './secret-root.ts';

/** Where the root key lies relative to the data it protects; `missing` where its file is gone. */
export type RootKeyPlace = 'outside' | 'beside-the-data' | 'missing';

/** The key that wraps all others, and the file that it is kept in, or beside which its keys lie. */
export interface RootKey extends KeyProvider {
  readonly path: string;
  readonly place: RootKeyPlace;
  /** Whether others than the owner may read the file. */
  readonly exposed: boolean;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/** Whether a path is a folder or lies in it; a name that begins with two points does not lead out. */
function liesIn(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/**
 * A root with its place, which is looked at each time that it is asked for: files are moved, linked and opened to others
 * while a server runs.
 * @param path of its file, or beside which its keys lie
 * @param secret file that is to be kept from others; null where the root is in none
 */
export function placed(
  provider: KeyProvider,
  path: string,
  dataFolder: string,
  secret: string | null,
): RootKey {
  const file = resolve(path);
  return {
    ...provider,
    path: file,
    get place() {
      if (secret !== null && !existsSync(secret)) return 'missing';
      const named = liesIn(file, resolve(dataFolder));
      return named || liesIn(realPath(secret ?? file), realPath(dataFolder)) ? 'beside-the-data' : 'outside';
    },
    get exposed() {
      if (secret === null || process.platform === 'win32') return false;
      return ((statSync(secret, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0;
    },
  };
}

/** Where the root key of one installation lies: where it is named, else in the user's configuration folder. */
export function rootKeyPath(named: string | undefined, installation: string): string {
  const path = named ?? process.env['SALLYPORT_ROOT_KEY'];
  return path ?? join(configFolder(), `root-${installation}.key`);
}

/** Where this user keeps what lies apart from the data, unless told otherwise. */
export function configFolder(): string {
  return join(process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'sallyport');
}

/** The root key of a file. @throws CodedError `root-key-wrong` */
export function readRootKey(path: string): Uint8Array {
  const key = Buffer.from(readFileSync(path, 'latin1').trim(), 'base64');
  if (key.length !== ROOT_KEY_BYTES)
    throw new CodedError('root-key-wrong', `\`${path}\` holds no 256-bit root key`);
  return key;
}

/** Writes a new root key (mode 0600, never replacing one). */
export function newRootKey(path: string): void {
  writeDurably(path, `${randomBytes(ROOT_KEY_BYTES).toString('base64')}\n`, 0o600, true);
}

/**
 * Opens the root key file, or creates it (mode 0600, never replacing one).
 * @param create whether a missing file is made: only for a new data folder
 * @throws CodedError `root-key-missing`, `root-key-wrong`
 */
export function openRootKey(path: string, dataFolder: string, create: boolean): RootKey {
  const file = resolve(path);
  if (!existsSync(file)) {
    if (!create)
      throw new CodedError(
        'root-key-missing',
        `no root key at \`${file}\`; restore it or name it with --root-key`,
      );
    newRootKey(file);
  }
  return placed(secretRoot('file', readRootKey(file), `the root key \`${file}\``), file, dataFolder, file);
}
