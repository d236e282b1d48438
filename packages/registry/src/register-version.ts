import { lstatSync, rmSync } from 'node:fs';
import {
  type Asset,
  type AssetFacts,
  type AssetVersion,
  type Attestation,
  CodedError,
  clock,
  newEvent,
  newId,
  type VersionFile,
} from '@sallyport/core';
import { statedOf } from './attest.ts';
import { copyPrivately, type ForeignFile, type PrivateFile } from './foreign-files.ts';
import { findModel } from './imports.ts';
import { decideIngest } from './ingest.ts';
import type { Inventory } from './inventory.ts';
import type { InventoryParts, KnownVersion, NewVersion } from './inventory-parts.ts';
import { edge } from './open-lineage.ts';
import { GIT_PATHS } from './signing/model-files.ts';
import { versionDigest } from './version-evidence.ts';
import { versionTarget } from './version-target.ts';

const SIGNATURE_FILES: readonly string[] = ['model.sig', ...GIT_PATHS];
const FILES_STORED_MAX = 20_000;

/** What is asked for. */
interface Wanted {
  readonly actor: string;
  readonly kind: 'model' | 'dataset';
  /** What it is called; null for the name that its layout gives. */
  readonly name: string | null;
  readonly facts: AssetFacts;
  readonly input: NewVersion;
}

/** The same, with what its layout said. */
interface Registering extends Omit<Wanted, 'name'> {
  readonly called: string;
  readonly label: string;
  readonly layout: string;
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

/** Whether files are those of a version: the same names, and each with the same digest or, where none is known yet, as long. */
function areFilesOf(
  version: AssetVersion,
  files: readonly { readonly name: string; readonly bytes: number; readonly sha256?: string }[],
): boolean {
  const kept = new Map(version.files.map((file) => [file.name, file]));
  return (
    files.length === kept.size &&
    files.every(({ name, bytes, sha256 }) => {
      const own = kept.get(name);
      return own !== undefined && own.bytes === bytes && (sha256 ?? own.sha256) === own.sha256;
    })
  );
}

const sized = ({ name, path }: ForeignFile): { name: string; bytes: number } => ({
  name,
  bytes: lstatSync(path, { throwIfNoEntry: false })?.size ?? -1,
});

const taken = (called: string, label: string): CodedError =>
  new CodedError(
    'conflict',
    `\`${called}\` has a version \`${label}\` already, of other files; versions never change: give these another label`,
  );

/**
 * Registers a version: copies it to where nobody else writes, hashes, stores and scans that copy, verifies its signature where there is
 * one, and notes what it came from. Data is taken only from sources that are approved. What was broken off on the way (a crash, a scan
 * that failed) is finished by registering the same files again.
 * @throws CodedError `usage`, `conflict`, `not-permitted` for a source that is not approved
 */
export async function registerVersion(
  parts: InventoryParts,
  inventory: Inventory,
  { actor, kind, name, facts, input }: Wanted,
): Promise<KnownVersion> {
  const found = findModel(input.root, input.revision);
  const own = found.files.filter(({ name: file }) => !SIGNATURE_FILES.includes(file)).sort(byName);
  if (own.length > FILES_STORED_MAX)
    throw new CodedError('usage', `it has ${own.length} files, of at most ${FILES_STORED_MAX}: pack them`);
  const called = name ?? found.name;
  const label = input.label ?? found.label;
  const source = facts.source === '' ? found.source : facts.source;
  if (kind === 'dataset') await decideIngest(parts.store, actor, called, label, source);
  const known = await parts.store.inventory.asset(kind, called);
  const before = known ? await parts.store.inventory.version(known.id, label) : null;
  // Told before anything is copied where sizes show it already.
  if (before && !areFilesOf(before, own.map(sized))) throw taken(called, label);
  const scratch = parts.scratch();
  try {
    const copies = await copyPrivately(own, found.root, scratch);
    if (before && !areFilesOf(before, copies)) throw taken(called, label);
    const { layout } = found;
    const registering = { actor, kind, called, label, facts: { ...facts, source }, input, layout };
    for (const { path, sha256 } of copies) await parts.artefacts.put(sha256, path);
    const asset = known ?? (await inventory.register(actor, kind, called, registering.facts));
    const version = before ?? (await keep(parts, registering, asset, copies));
    await finish(
      parts,
      inventory,
      registering,
      version,
      copies.map(({ path }) => path),
    );
    return inventory.known(asset, await inventory.version(asset, label));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Puts a version whose files are stored into the inventory. @throws CodedError `conflict` where somebody else was faster */
async function keep(
  { store }: InventoryParts,
  { actor, kind, called, label, facts, input, layout }: Registering,
  asset: Asset,
  copies: readonly PrivateFile[],
): Promise<AssetVersion> {
  const { source, licence } = facts;
  const files: VersionFile[] = copies.map(({ name, sha256, bytes }) => ({ name, sha256, bytes }));
  const digest = versionDigest(files);
  const target = versionTarget(kind, called, label);
  const version: AssetVersion = {
    id: newId('ver'),
    asset: asset.id,
    label,
    digest,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    files,
    stored: true,
    createdAt: clock.nowIso(),
    createdBy: input.author ?? actor,
    approvedAt: null,
    approvedBy: null,
  };
  return store.change(async (tx) => {
    if (await store.inventory.version(asset.id, label, tx))
      throw new CodedError(
        'conflict',
        `\`${called}\` \`${label}\` was registered meanwhile; register it again to finish what is left`,
      );
    await store.inventory.putVersion(tx, version);
    await store.inventory.addEdges(tx, [
      ...(input.from ?? []).map((one) => edge(`dataset:${one}`, target, 'trained')),
      ...(source === '' ? [] : [edge(`source:${source.slice(0, 200)}`, target, 'came from')]),
    ]);
    const { bytes, createdBy: author } = version;
    return {
      result: version,
      event: newEvent('version-registered', {
        actor,
        subject: target,
        data: { digest, files: files.length, bytes, layout, author, source, licence },
      }),
    };
  });
}

/**
 * Has said of a version what is not said yet, or was said against it. What was said of the same files under another name is not
 * about the findings of this one.
 */
async function finish(
  { store }: InventoryParts,
  inventory: Inventory,
  { actor, kind, called, label, input: { signature } }: Registering,
  version: AssetVersion,
  paths: readonly string[],
): Promise<void> {
  const target = versionTarget(kind, called, label);
  const said = (await store.inventory.attestations(version.digest)).filter(
    (one) => statedOf(one).name === target,
  );
  const passed = (what: Attestation['kind']): boolean =>
    said.find((one) => one.kind === what)?.passed === true;
  if (!passed('scan')) await inventory.rescan(actor, kind, called, label, paths);
  if (signature !== undefined && !passed('signature'))
    await inventory.verifySignature(actor, kind, called, label, signature);
}
