import { join } from 'node:path';
import { type DataKeyEntry, type KeyEncryptionKey, parentOf, type WrappedFile } from '@sallyport/vault';
import { backupIdentityFile } from './backups/backup-identity.ts';
import { demoKeyFile } from './demo/demo-key.ts';
import type { Installation } from './installation.ts';
import { logKeyPath } from './key-home.ts';
import { localAuthorityFile } from './tls/local-authority.ts';

/** Every key of an installation, none of them secret. */
export interface KeyListing {
  readonly root: {
    readonly id: string;
    readonly kind: string;
    readonly place: string;
    readonly exposed: boolean;
  };
  readonly keyEncryptionKeys: readonly (KeyEncryptionKey & { readonly wraps: number })[];
  readonly dataKeys: readonly DataKeyEntry[];
  readonly signingKeys: readonly {
    readonly name: string;
    readonly algorithms: readonly string[];
    readonly parent: string | null;
  }[];
}

const signingFiles = (
  folder: string,
): (WrappedFile & { readonly name: string; readonly algorithms: readonly string[] })[] => [
  {
    name: 'log',
    algorithms: ['Ed25519', 'ML-DSA-44'],
    path: logKeyPath(folder),
    context: { purpose: 'signing', owner: '', object: 'ledger', version: 1 },
  },
  ...(['previous', 'next'] as const).map((which) => ({
    name: `log, ${which}`,
    algorithms: ['Ed25519', 'ML-DSA-44'],
    path: logKeyPath(folder, which),
    context: { purpose: 'signing', owner: '', object: 'ledger', version: 1 } as const,
  })),
  {
    name: 'statements',
    algorithms: ['Ed25519', 'ML-DSA-44'],
    path: join(folder, 'keys', 'attestations.json'),
    context: { purpose: 'signing', owner: '', object: 'statements', version: 1 },
  },
];

/** Files of an installation that hold a wrapped key, other than data keys. */
export function wrappedFiles({ folder, ring }: Pick<Installation, 'folder' | 'ring'>): WrappedFile[] {
  const demo = demoKeyFile(folder);
  return [
    ...signingFiles(folder),
    backupIdentityFile(ring),
    localAuthorityFile(folder),
    ...(demo ? [demo] : []),
  ];
}

/** Lists every key, from the root down. */
export function listKeys(installation: Installation): KeyListing {
  const { folder, rootKey, ring, dataKeys } = installation;
  const wraps = new Map<string, number>();
  const count = (parent: string | null): void => {
    if (parent !== null) wraps.set(parent, (wraps.get(parent) ?? 0) + 1);
  };
  const entries = dataKeys.list();
  for (const { parent } of entries) count(parent);
  for (const file of wrappedFiles(installation)) count(parentOf(file));
  return {
    root: { id: rootKey.id, kind: rootKey.kind, place: rootKey.place, exposed: rootKey.exposed },
    keyEncryptionKeys: ring.list().map((key) => ({ ...key, wraps: wraps.get(key.id) ?? 0 })),
    dataKeys: entries,
    signingKeys: signingFiles(folder)
      .map((file) => ({ ...file, parent: parentOf(file) }))
      .filter(({ parent }) => parent !== null)
      .map(({ name, algorithms, parent }) => ({ name, algorithms, parent })),
  };
}
