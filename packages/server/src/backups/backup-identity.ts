import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  classicPair,
  formatEnvelope,
  hybridPair,
  isWrapped,
  type KeyRing,
  parseEnvelope,
  parseIdentity,
  parseRecipient,
  readKeyFile,
  type WrappedFile,
  writeDurably,
} from '@sallyport/vault';

/** Keys with which an installation opens the backups that it made itself. */
export interface BackupIdentity {
  readonly identities: readonly ReturnType<typeof parseIdentity>[];
  /** The recipient to name beside others. @param quantumSafe as they are: age does not mix both */
  recipient(quantumSafe: boolean): ReturnType<typeof parseRecipient>;
}

const SEED_BYTES = 32;

/** Where that key lies, wrapped: beside the ring, apart from the data, which it must outlive. */
export const backupIdentityFile = (ring: Pick<KeyRing, 'folder'>): WrappedFile => ({
  path: `${ring.folder.replace(/\.ring$/, '')}.backup`,
  context: { purpose: 'backup', owner: '', object: 'identity', version: 1 },
});

function fromSeeds(seeds: Uint8Array): BackupIdentity {
  const hybrid = hybridPair(seeds.subarray(0, SEED_BYTES));
  const classic = classicPair(seeds.subarray(SEED_BYTES));
  return {
    identities: [parseIdentity(hybrid.identity), parseIdentity(classic.identity)],
    recipient: (quantumSafe) => parseRecipient((quantumSafe ? hybrid : classic).recipient),
  };
}

/** Opens it; null where this machine has none. */
export function knownBackupIdentity(ring: KeyRing): BackupIdentity | null {
  const { path, context } = backupIdentityFile(ring);
  if (!existsSync(path)) return null;
  const { envelope } = readKeyFile<{ envelope: string }>(path, isWrapped);
  return fromSeeds(ring.unwrap(parseEnvelope(envelope), context));
}

/** Opens it, or makes it. */
export async function backupIdentity(ring: KeyRing): Promise<BackupIdentity> {
  const known = knownBackupIdentity(ring);
  if (known) return known;
  const { path, context } = backupIdentityFile(ring);
  await ring.ensure(context.purpose);
  const seeds = randomBytes(2 * SEED_BYTES);
  writeDurably(
    path,
    `${JSON.stringify({ envelope: formatEnvelope(ring.wrap(context, seeds)) })}\n`,
    0o600,
    true,
  );
  return fromSeeds(seeds);
}
