import { createHash, createPublicKey } from 'node:crypto';
import {
  type Asset,
  type AssetVersion,
  type Attestation,
  seenDigest,
  type VersionFile,
} from '@sallyport/core';
import type { Connection, Store } from '@sallyport/store';
import { signerOf, statedOf } from './attest.ts';
import type { KnownVersion, TrustedSigner } from './inventory-parts.ts';
import { keyHint } from './signing/sign-model.ts';
import { versionTarget } from './version-target.ts';

/** Put before what is hashed: no digest of bytes alone is made the same way. */
const PURPOSE = 'sallyport version 2\n';

/**
 * The digest of a version: SHA-256 over the name and the digest of each file, in order of their names. A name decides how a file is
 * loaded, so the same bytes under another name are another version.
 */
export function versionDigest(files: readonly Pick<VersionFile, 'name' | 'sha256'>[]): string {
  const sum = createHash('sha256').update(PURPOSE);
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const { name, sha256 } of sorted) sum.update(`${JSON.stringify([name, sha256])}\n`);
  return sum.digest('hex');
}

/**
 * What is said of a version, the latest first: everything about its digest. A version stored by an earlier release keeps its digest of
 * bytes alone; of what is said about that one, only what names this very version counts.
 */
export async function evidenceOf(
  store: Store,
  asset: Asset,
  version: AssetVersion,
  tx?: Connection,
): Promise<Attestation[]> {
  const said = await store.inventory.attestations(version.digest, tx);
  if (version.digest === versionDigest(version.files)) return said;
  const target = versionTarget(asset.kind, asset.name, version.label);
  return said.filter((one) => statedOf(one).name === target);
}

/** Whether a signature that held when it was verified is by one of these: a signer under the same name, and with the same key where it has one. */
export function countsToday(signers: readonly TrustedSigner[], signature: Attestation): boolean {
  const { signer, identity } = signerOf(signature);
  return signers.some(({ name, trust }) => {
    if (name !== signer) return false;
    if (trust.kind !== 'key') return true;
    try {
      return keyHint(createPublicKey(trust.publicKey)) === identity;
    } catch {
      return false;
    }
  });
}

/** Digest of a version as its approver is shown it: its files, what is told of it, and what opened which gate. */
export const seenOf = ({
  version,
  gates,
  attestations,
  asset,
}: Omit<KnownVersion, 'seen' | 'serving'>): string =>
  seenDigest({
    id: version.id,
    digest: version.digest,
    author: version.createdBy,
    facts: { ...asset, updatedAt: undefined },
    gates: gates.map(({ name, open }) => [name, open]),
    said: attestations.map(({ id }) => id).sort(),
  });
