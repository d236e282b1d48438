import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@sallyport/core';
import {
  DataKeys,
  defaultRootKeyPath,
  eitherRoot,
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

const writeNote = (folder: string, note: RootNote): void =>
  writeDurably(notePath(folder), `${JSON.stringify(note)}\n`, 0o600);

/** Where the next root key lies until every key is under it. */
export const nextPath = ({ path }: RootKey): string => `${path}.next`;

/**
 * Wraps every key of the ring under the root key at {@link nextPath}, which then takes the place of the one before. Cut
 * short anywhere, {@link openKeys} goes on with it.
 */
export async function changeRoot(
  folder: string,
  ring: KeyRing,
  previous: RootKey,
  next: RootKey,
  onProgress: (done: number, of: number) => void = () => {},
): Promise<RootKey> {
  writeNote(folder, { id: next.id, previous: previous.id });
  await ring.changeRoot(next, onProgress);
  renameSync(next.path, previous.path);
  writeNote(folder, { id: next.id });
  const rootKey = openRootKey(previous.path, folder, false);
  ring.useRoot(rootKey);
  return rootKey;
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
  let rootKey = openRootKey(path, folder, create);
  const note = readNote(folder);
  const pending = existsSync(nextPath(rootKey)) ? openRootKey(nextPath(rootKey), folder, false) : null;
  const belonging = note ? [note.id, note.previous].filter((one) => one !== undefined) : null;
  if (belonging && !belonging.includes(rootKey.id) && !(pending && belonging.includes(pending.id)))
    throw new CodedError('root-key-wrong', `the root key \`${rootKey.path}\` does not open this data folder`);
  const provider = pending ? eitherRoot(pending, rootKey) : rootKey;
  const ring = await KeyRing.open(`${rootKey.path}.${id}.ring`, provider);
  // A change of the root that was cut short goes on where it stopped.
  if (pending) rootKey = await changeRoot(folder, ring, rootKey, pending);
  if (note && ring.list().length === 0)
    throw new CodedError(
      'root-key-missing',
      `the keys that lay beside the root key, in \`${ring.folder}\`, are missing; restore them`,
    );
  const dataKeys = await DataKeys.open(join(folder, 'keys'), ring);
  await dataKeys.forDay('people', 'always');
  const signing = await openSigningKey(join(folder, 'keys', 'signing.json'), ring, 'ledger');
  if (!note) writeNote(folder, { id: rootKey.id });
  return { rootKey, ring, dataKeys, signing };
}
