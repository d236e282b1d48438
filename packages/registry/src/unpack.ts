import { closeSync, fsyncSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type AssetVersion, CodedError, newId } from '@sallyport/core';
import type { ArtefactStore } from './artefacts.ts';
import { isPlainName } from './foreign-files.ts';
import { NewFolder } from './new-folder.ts';

const NAME_FAULTS: ReadonlySet<string> = new Set([
  'EEXIST',
  'ENOTDIR',
  'EISDIR',
  'ENAMETOOLONG',
  'EINVAL',
  'ELOOP',
]);

async function unpack(
  artefacts: ArtefactStore,
  sha256: string,
  name: string,
  into: NewFolder,
): Promise<void> {
  if (!isPlainName(name))
    throw new CodedError('artefact-corrupt', 'a file would be written outside its folder');
  let descriptor: number;
  try {
    descriptor = into.create(name);
  } catch (fault) {
    const { code = '' } = fault as NodeJS.ErrnoException;
    // Names that cannot lie side by side are the fault of this version alone.
    if (!NAME_FAULTS.has(code)) throw fault;
    throw new CodedError('artefact-corrupt', 'its names cannot lie in one folder; register it again');
  }
  try {
    for await (const piece of artefacts.read(sha256)) writeFileSync(descriptor, piece);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Unpacks every file of a version into a new folder, each verified. @returns their paths. @throws CodedError `artefact-corrupt` */
export async function unpackAll(
  artefacts: ArtefactStore,
  version: AssetVersion,
  path: string,
): Promise<string[]> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const folder = NewFolder.make(path);
  try {
    for (const { sha256, name } of version.files) await unpack(artefacts, sha256, name, folder);
    return version.files.map(({ name }) => join(path, name));
  } finally {
    folder.close();
  }
}

/**
 * Unpacks a version to where nothing is yet: all of it, verified, or nothing.
 * @param to absolute
 * @param allow throws for a place where nothing may be written: asked where the folder truly lies, links resolved
 * @throws CodedError `conflict` where something is there, or takes the folder's place meanwhile; `artefact-corrupt`
 */
export async function unpackTo(
  artefacts: ArtefactStore,
  version: AssetVersion,
  to: string,
  allow: (place: string) => void,
): Promise<void> {
  const path = resolve(to);
  const draft = `${path}.${newId('ver')}.new`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const folder = NewFolder.make(draft);
  try {
    allow(folder.place);
    for (const { sha256, name } of version.files) await unpack(artefacts, sha256, name, folder);
    try {
      renameSync(draft, path);
    } catch {
      throw new CodedError('conflict', `\`${to}\` is there already; name a folder that is not`);
    }
    if (!folder.isAt(path))
      throw new CodedError(
        'conflict',
        `\`${to}\` is not the folder that was filled: it was swapped. Name a place that only you can change`,
      );
  } finally {
    folder.close();
    rmSync(draft, { recursive: true, force: true });
  }
}
