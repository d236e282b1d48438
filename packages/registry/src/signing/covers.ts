import type { AssetVersion } from '@sallyport/core';
import type { VerifiedModel } from './verify-model.ts';

/** Whether a signature covers every file of a version, and nothing else of it. */
export function coversVersion({ manifest }: VerifiedModel, version: AssetVersion): boolean {
  const { method, hashType } = manifest.serialization;
  if (method !== 'files' || hashType !== 'sha256') return false;
  const signed = new Map(manifest.resources.map(({ name, digest }) => [name, digest]));
  if (version.files.length === 1 && signed.size === 1)
    return [...signed.values()][0] === version.files[0]!.sha256;
  return (
    signed.size === version.files.length &&
    version.files.every(({ name, sha256 }) => signed.get(name) === sha256)
  );
}
