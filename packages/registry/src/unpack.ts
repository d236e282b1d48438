import { closeSync, fsyncSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { type AssetVersion, CodedError } from '@sallyport/core';
import type { ArtefactStore } from './artefacts.ts';

const NAME_FAULTS: ReadonlySet<string> = new Set(['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'EINVAL']);

async function unpack(artefacts: ArtefactStore, sha256: string, path: string, root: string): Promise<void> {
  if (!resolve(path).startsWith(`${resolve(root)}${sep}`))
    throw new CodedError('artefact-corrupt', 'a file would be written outside its folder');
  let descriptor: number;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    descriptor = openSync(path, 'wx', 0o600);
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

/** Unpacks every file of a version into a folder, each verified. @returns their paths. @throws CodedError `artefact-corrupt` */
export async function unpackAll(
  artefacts: ArtefactStore,
  version: AssetVersion,
  folder: string,
): Promise<string[]> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const paths: string[] = [];
  for (const { sha256, name } of version.files) {
    const path = join(folder, name);
    await unpack(artefacts, sha256, path, folder);
    paths.push(path);
  }
  return paths;
}
