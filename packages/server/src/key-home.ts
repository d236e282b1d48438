import { existsSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError, type Config, type KeyProvider } from '@sallyport/core';
import {
  DataKeys,
  eitherRoot,
  KeyRing,
  openRootKey,
  openSigningKey,
  type RootKey,
  readKeyFile,
  readSigningKey,
  rootKeyPath,
  type SigningKey,
  syncFolder,
  writeDurably,
} from '@sallyport/vault';
import { openRoot } from './root-home.ts';
import { requireNewLogKey } from './verifier-files.ts';

/** The keys of an installation, open. */
export interface Keys {
  readonly rootKey: RootKey;
  /** Keys between the root and the data keys; they lie beside the root, apart from the data. */
  readonly ring: KeyRing;
  readonly dataKeys: DataKeys;
  /** What signs the log. */
  readonly signing: SigningKey;
  /** What signed it before, and signs along. */
  readonly signedBefore: SigningKey | null;
}

/** Which root a data folder belongs to; the one before, while its keys go from one to the other. */
interface RootNote {
  /** Null in a folder that was restored: the root may have been changed since the backup was made. */
  readonly id: string | null;
  readonly previous?: string;
}

const notePath = (folder: string): string => join(folder, 'keys', 'root.json');

function readNote(folder: string): RootNote | null {
  const path = notePath(folder);
  return existsSync(path) ? readKeyFile<RootNote>(path, () => true) : null;
}

/** Leaves open which root a restored data folder belongs to: the keys beside it tell. */
export const forgetRoot = (folder: string): void => writeNote(folder, { id: null });

const writeNote = (folder: string, note: RootNote): void =>
  writeDurably(notePath(folder), `${JSON.stringify(note)}\n`, 0o600);

/** Where the next root key lies until every key is under it. */
export const nextPath = ({ path }: RootKey): string => `${path}.next`;

/**
 * Wraps every key of the ring under the next root. Cut short anywhere, {@link openKeys} goes on with it.
 * @param settle makes the next one the root of the next start
 * @returns the root as it is then
 */
export async function changeRoot(
  folder: string,
  ring: KeyRing,
  previous: RootKey,
  next: RootKey,
  settle: () => RootKey,
  onProgress: (done: number, of: number) => void = () => {},
): Promise<RootKey> {
  writeNote(folder, { id: next.id, previous: previous.id });
  await ring.changeRoot(next, onProgress);
  const rootKey = settle();
  ring.useRoot(rootKey);
  writeNote(folder, { id: next.id });
  return rootKey;
}

/** Puts the next root key in the place of the one before. */
export function takePlace(folder: string, next: RootKey, previous: RootKey): RootKey {
  renameSync(next.path, previous.path);
  return openRootKey(previous.path, folder, false);
}

/** Where the key lies that signs the log, the one that follows it, and the one before. */
export const logKeyPath = (folder: string, which?: 'next' | 'previous'): string =>
  join(folder, 'keys', which ? `signing-${which}.json` : 'signing.json');

/** Puts the next key of the log in the place of the one before, which signs along until the next change. */
export function takeLogKey(folder: string): void {
  if (existsSync(logKeyPath(folder))) renameSync(logKeyPath(folder), logKeyPath(folder, 'previous'));
  renameSync(logKeyPath(folder, 'next'), logKeyPath(folder));
  syncFolder(join(folder, 'keys'));
}

/** Which root key follows: one that a rotation was cut short with, or that of another keeper. */
interface Succession {
  readonly root: RootKey;
  /** What opened the keys until now, where they go from one to the other. */
  readonly previous: RootKey | null;
  /** Ends it, once every key is under the new one. */
  readonly settle: () => RootKey;
}

async function succession(
  folder: string,
  path: string,
  config: Config['keys'],
  note: RootNote | null,
  create: boolean,
): Promise<Succession> {
  const root = await openRoot(config.root, path, folder, create || config.previous !== undefined);
  if (config.root.kind === 'file' && existsSync(nextPath(root))) {
    const next = openRootKey(nextPath(root), folder, false);
    return { root: next, previous: root, settle: () => takePlace(folder, next, root) };
  }
  const isThere = note === null || note.id === null || note.id === root.id;
  if (config.previous && !(isThere && note?.previous === undefined))
    return { root, previous: await openRoot(config.previous, path, folder, false), settle: () => root };
  return { root, previous: null, settle: () => root };
}

/**
 * Opens the keys of a data folder, or makes them. A change of the root that was asked for, or cut short, is carried out.
 * @param id of the installation
 * @param named where its root key lies, if somebody says so
 * @param create whether it is a new one
 * @throws CodedError `root-key-missing`, `root-key-wrong`, `key-provider-unavailable`, `config-invalid`
 */
export async function openKeys(
  folder: string,
  id: string,
  config: Config['keys'],
  named: string | undefined,
  create: boolean,
): Promise<Keys> {
  const path = rootKeyPath(named, id);
  const note = readNote(folder);
  const { root, previous, settle } = await succession(folder, path, config, note, create);
  const belonging =
    note && note.id !== null ? [note.id, note.previous].filter((one) => one !== undefined) : null;
  if (belonging && ![root.id, previous?.id].some((own) => own !== undefined && belonging.includes(own)))
    throw new CodedError(
      'root-key-wrong',
      root.kind === 'file'
        ? `the root key \`${root.path}\` does not open this data folder`
        : `the root of \`keys.root\` (${root.kind}) does not open this data folder; name the one before as \`keys.previous\``,
    );
  const ring = await KeyRing.open(
    `${resolve(path)}.${id}.ring`,
    previous ? eitherRoot(root, previous) : root,
  );
  const rootKey = previous ? await changeRoot(folder, ring, previous, root, settle) : root;
  if (note && ring.list().length === 0)
    throw new CodedError(
      'root-key-missing',
      `the keys that lay beside the root key, in \`${ring.folder}\`, are missing; restore them`,
    );
  const dataKeys = await DataKeys.open(join(folder, 'keys'), ring);
  await dataKeys.forDay('people', 'always');
  // A change of the log's key that was cut short is carried out.
  const nextKey = logKeyPath(folder, 'next');
  if (existsSync(nextKey)) {
    requireNewLogKey(nextKey, readSigningKey(nextKey, ring, 'ledger'), resolve(path), id);
    takeLogKey(folder);
  }
  const signing = await openSigningKey(logKeyPath(folder), ring, 'ledger');
  const signedBefore = existsSync(logKeyPath(folder, 'previous'))
    ? await openSigningKey(logKeyPath(folder, 'previous'), ring, 'ledger')
    : null;
  // Every key opened under this root alone: a change to another one that never began is forgotten.
  if (note?.id !== rootKey.id || note.previous !== undefined) writeNote(folder, { id: rootKey.id });
  return { rootKey, ring, dataKeys, signing, signedBefore };
}

/** The keys of a data folder for a reader that changes nothing. */
export interface ReadKeys {
  /** What opens sealed content. */
  readonly dataKeys: DataKeys;
  /** What may have signed the log last: one that takes its place, the present one, the one before. */
  readonly signing: readonly SigningKey[];
}

function signingKeysIn(folder: string, ring: KeyRing): SigningKey[] {
  return ([undefined, 'next', 'previous'] as const).flatMap((which) => {
    try {
      return readSigningKey(logKeyPath(folder, which), ring, 'ledger') ?? [];
    } catch {
      // What was changed is no key: what it would say stays unsaid.
      return [];
    }
  });
}

/**
 * The keys that open sealed content and authenticate the journal, for a reader: nothing is made, wrapped or moved.
 * @throws CodedError `root-key-missing`, `root-key-wrong`, `key-provider-unavailable`, `config-invalid`
 */
export async function readKeys(
  folder: string,
  id: string,
  config: Config['keys'],
  named: string | undefined,
): Promise<ReadKeys> {
  const path = rootKeyPath(named, id);
  const now = await openRoot(config.root, path, folder, false);
  let root: KeyProvider = now;
  if (config.root.kind === 'file' && existsSync(nextPath(now)))
    root = eitherRoot(openRootKey(nextPath(now), folder, false), now);
  else if (config.previous) root = eitherRoot(now, await openRoot(config.previous, path, folder, false));
  const ring = await KeyRing.open(`${resolve(path)}.${id}.ring`, root);
  if (ring.list().length === 0)
    throw new CodedError(
      'root-key-missing',
      `the keys that lay beside the root key, in \`${ring.folder}\`, are missing`,
    );
  return { dataKeys: DataKeys.read(join(folder, 'keys'), ring), signing: signingKeysIn(folder, ring) };
}

/** Whose keys are shredded: those of a system or a person, and of nothing else. */
export const SHREDDED = /^(?:system|subject):.{1,128}$/;

/**
 * Destroys keys again that the log says were destroyed: a copy of the ring that is restored brings them back.
 * @param shredded purposes, and when each was shredded, as the log has it @param held systems of which nothing is destroyed
 * @returns how many were there
 */
export function shredAgain(
  { ring, dataKeys }: Pick<Keys, 'ring' | 'dataKeys'>,
  shredded: readonly { readonly purpose: string; readonly at: string }[],
  held: ReadonlySet<string>,
): number {
  const due = shredded.filter(
    ({ purpose }) =>
      SHREDDED.test(purpose) && !(purpose.startsWith('system:') && held.has(purpose.slice('system:'.length))),
  );
  const gone = due.flatMap(({ purpose, at }) =>
    ring
      .list()
      .filter(({ purpose: kind, owner, createdAt }) => {
        const own = `${kind}:${owner}`;
        return createdAt < at && (own === purpose || own === purpose.replace(/^system:/, 'pseudonyms:'));
      })
      .map(({ id }) => id),
  );
  for (const id of new Set(gone)) ring.drop(id);
  if (gone.length > 0) dataKeys.forget();
  return new Set(gone).size;
}
