import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, type KeyProvider } from '@sallyport/core';
import {
  DataKeys,
  defaultRootKeyPath,
  KeyRing,
  openRootKey,
  openSigningKey,
  type RootKey,
  type SigningKey,
  writeDurably,
} from '@sallyport/vault';

/** The keys of an installation, open. */
export interface Keys {
  readonly rootKey: RootKey;
  /** Keys between the root and the data keys; they lie beside the root, apart from the data. */
  readonly ring: KeyRing;
  readonly dataKeys: DataKeys;
  /** What signs the log. */
  readonly signing: SigningKey;
}

/** Which root a data folder belongs to; the one before, while its keys go from one to the other. */
interface RootNote {
  readonly id: string;
  readonly previous?: string;
}

const notePath = (folder: string): string => join(folder, 'keys', 'root.json');

function readNote(folder: string): RootNote | null {
  const path = notePath(folder);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as RootNote) : null;
}

/** Notes which root a data folder belongs to. @param previous the one before, as long as it opens a part of the keys */
export function noteRoot(folder: string, { id }: KeyProvider, previous?: KeyProvider): void {
  const note: RootNote = { id, ...(previous && { previous: previous.id }) };
  writeDurably(notePath(folder), `${JSON.stringify(note)}\n`, 0o600);
}

/**
 * Opens the keys of a data folder, or makes them.
 * @param id of the installation
 * @param create whether it is a new one
 * @throws CodedError `root-key-missing`, `root-key-wrong`, `key-provider-unavailable`
 */
export async function openKeys(
  folder: string,
  id: string,
  rootKeyPath: string | undefined,
  create: boolean,
): Promise<Keys> {
  const path = rootKeyPath ?? process.env['SALLYPORT_ROOT_KEY'] ?? defaultRootKeyPath(id);
  const rootKey = openRootKey(path, folder, create);
  const note = readNote(folder);
  if (note && note.id !== rootKey.id && note.previous !== rootKey.id)
    throw new CodedError('root-key-wrong', `the root key \`${rootKey.path}\` does not open this data folder`);
  const ring = await KeyRing.open(`${rootKey.path}.${id}.ring`, rootKey);
  if (note && ring.list().length === 0)
    throw new CodedError(
      'root-key-missing',
      `the keys that lay beside the root key, in \`${ring.folder}\`, are missing; restore them`,
    );
  const dataKeys = await DataKeys.open(join(folder, 'keys'), ring);
  await dataKeys.forDay('people', 'always');
  const signing = await openSigningKey(join(folder, 'keys', 'signing.json'), ring, 'ledger');
  if (!note) noteRoot(folder, rootKey);
  return { rootKey, ring, dataKeys, signing };
}
