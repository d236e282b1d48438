import type { AssetVersion } from '@sallyport/core';
import type { VerifiedModel } from './verify-model.ts';

/** What a signature calls a model that is one file; the name of the model is the name of the file then. */
const ITSELF = '.';

/** Whether a signature covers every file of a version under its name, and nothing else of it. */
export function coversVersion({ manifest }: VerifiedModel, version: AssetVersion): boolean {
  const { method, hashType } = manifest.serialization;
  if (method !== 'files' || hashType !== 'sha256') return false;
  const signed = new Map(manifest.resources.map(({ name, digest }) => [name, digest]));
  const [only] = version.files;
  if (version.files.length === 1 && signed.size === 1 && signed.has(ITSELF))
    return manifest.name === only!.name && signed.get(ITSELF) === only!.sha256;
  return (
    signed.size === version.files.length &&
    version.files.every(({ name, sha256 }) => signed.get(name) === sha256)
  );
}
