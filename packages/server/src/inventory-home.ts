import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, newId, type SignerConfig } from '@sallyport/core';
import type { ArtefactStore, Inventory, InventoryParts, Serving, TrustedSigner } from '@sallyport/registry';
import { openSigningKey } from '@sallyport/vault';
import type { Control } from './control.ts';
import { objectSettings } from './object-settings.ts';
import type { KnownSystem } from './snapshot.ts';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (fault) {
    throw new CodedError('config-invalid', `\`inventory.signers\`: ${(fault as Error).message}`);
  }
}

/** A signer of the configuration with its files read. @throws CodedError `config-invalid` */
function trusted({ name, publicKeyFile, rootsFile, sigstore }: SignerConfig): TrustedSigner {
  if (publicKeyFile !== undefined) return { name, trust: { kind: 'key', publicKey: read(publicKeyFile) } };
  if (rootsFile !== undefined) return { name, trust: { kind: 'certificates', roots: read(rootsFile) } };
  const { trustedRootFile, identity, issuer } = sigstore!;
  return { name, trust: { kind: 'sigstore', trustedRoot: read(trustedRootFile), identity, issuer } };
}

/** Where files of models and data are kept. @throws CodedError `config-invalid` */
async function artefactStore(control: Control): Promise<ArtefactStore> {
  const { folder, dataKeys } = control.installation;
  const { objects } = control.config.inventory;
  const { FolderArtefacts, objectArtefacts } = await import('@sallyport/registry');
  if (!objects) return new FolderArtefacts(join(folder, 'artefacts'), dataKeys);
  return objectArtefacts(
    objectSettings('inventory.objects', objects),
    dataKeys,
    join(folder, 'artefacts', 'under-way'),
  );
}

/** Removes what a crash left: open files of versions that were being scanned, and sealed ones on their way. */
function removeLeft(artefacts: string): void {
  if (!existsSync(artefacts)) return;
  for (const name of readdirSync(artefacts)) {
    const path = join(artefacts, name);
    if (name.startsWith('open-') || name === 'under-way') rmSync(path, { recursive: true, force: true });
    else if (/^[0-9a-f]{2}$/.test(name))
      for (const file of readdirSync(path))
        if (file.endsWith('.new')) rmSync(join(path, file), { force: true });
  }
}

/** Opens the inventory of an installation. Loaded when it is first asked for: a gateway without models needs none of it. */
export async function openInventory(control: Control): Promise<{ inventory: Inventory; serving: Serving }> {
  const { Inventory: Opened, Serving: Served } = await import('@sallyport/registry');
  const { folder, store, ring, id } = control.installation;
  removeLeft(join(folder, 'artefacts'));
  const key = await openSigningKey(join(folder, 'keys', 'attestations.json'), ring, 'statements');
  const parts: InventoryParts = {
    store,
    artefacts: await artefactStore(control),
    attester: { keyId: `sallyport.local/${id}/attestations`, publicKey: key.publicKey, sign: key.sign },
    signers: () => control.config.inventory.signers.map(trusted),
    scratch: () => join(folder, 'artefacts', `open-${newId('ver')}`),
    scan: async (paths, target, actor) => {
      const { report: _, ...outcome } = await control.scans.scan(
        actor,
        { kind: 'model-files', target, subject: target, root: commonFolder(paths) },
        { paths },
      );
      return outcome;
    },
  };
  const inventory = new Opened(parts);
  return { inventory, serving: new Served(parts, inventory) };
}

/** The folder that all paths lie in. */
function commonFolder(paths: readonly string[]): string {
  const [first = '/'] = paths;
  let parts = first.split('/').slice(0, -1);
  for (const path of paths) {
    const other = path.split('/');
    let length = 0;
    while (length < parts.length && parts[length] === other[length]) length++;
    parts = parts.slice(0, length);
  }
  return parts.join('/') || '/';
}

/** Systems to which no call may go, for their model may not be served: nothing of it was promoted there, or a gate has closed since. */
export async function heldSystems(
  control: Control,
  systems: readonly KnownSystem[],
): Promise<ReadonlyMap<string, string>> {
  const held = new Map<string, string>();
  const around = new Map<string, string>();
  for (const { name, config } of systems) {
    if (config.serves === undefined) continue;
    const why = await (async () =>
      (await control.serving()).refusal(config.serves!, `system:${name}`))().catch(
      (fault: Error) => `its gates cannot be read: ${fault.message}`,
    );
    if (why !== null) held.set(name, why);
  }
  // Another name for the same place is no way around a gate.
  for (const { name, config } of systems) {
    if (held.has(name)) continue;
    const gated = systems.find(
      (one) => held.has(one.name) && control.places.anySame(config.urls, one.config.urls),
    );
    // Whoever calls one system is told nothing of another, not even its name.
    if (gated) around.set(name, 'it leads to the same place as a system whose model may not be served');
  }
  return new Map([...held, ...around]);
}
