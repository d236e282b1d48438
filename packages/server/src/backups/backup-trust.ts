import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CodedError, clock } from '@sallyport/core';
import {
  type NoteSigner,
  openCheckpoint,
  parseVerifierKey,
  signCheckpoint,
  type VerifierKey,
} from '@sallyport/ledger';
import { type BackupRead, rootKeyPath } from '@sallyport/vault';
import { z } from 'zod';
import { logName } from '../verifier-files.ts';

const aboutSchema = z.object({
  of: z.enum(['data', 'keys']),
  /** Of the installation. */
  id: z.string().regex(/^[a-z0-9]{8,32}$/),
  at: z.string().max(64),
  /** Ed25519 and ML-DSA-44, as the log's checkpoints are signed. */
  verifierKeys: z.tuple([z.string().max(4096), z.string().max(4096)]),
});

/** What a backup is of. */
export type BackupAbout = Readonly<z.infer<typeof aboutSchema>>;

/** Whose backups are restored. */
export interface BackupTrust {
  /** Keys that verify logs, as `verifier.key` has them. */
  readonly keys: readonly string[];
  /** Also such as carry no signature, which anyone who could encrypt to this installation may have made. */
  readonly unsigned?: boolean;
}

/** Under which part of its name an installation signs its backups. */
const PART = 'backup';
/** Files beside a root key that hold keys which verify a log: those of today, and those before. */
const VERIFIER_FILE = /\.[a-z0-9]{8,32}\.verifier(?:-quantum-safe|-earlier)?$/;

/** Signs backups of an installation as its log is signed, under a name of their own: neither is taken for the other. */
export const backupSigner =
  (signers: readonly [NoteSigner, ...NoteSigner[]]) =>
  (digest: Buffer, files: number): string =>
    signCheckpoint(
      { origin: `${signers[0].name}/${PART}`, size: files, root: digest },
      signers,
      Math.floor(clock.nowMs() / 1000),
    );

/** Keys of all logs that this machine keeps, apart from their data. @param rootKey path of a root key, if somebody says so */
export function knownLogKeys(rootKey: string | undefined): string[] {
  const folder = dirname(resolve(rootKeyPath(rootKey, 'any')));
  return (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => VERIFIER_FILE.test(name))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '');
}

const untrusted = (why: string): CodedError => new CodedError('backup-untrusted', why);

function namesQuantumSafe(key: string, owner: string): boolean {
  const { name, type } = parseVerifierKey(key);
  return name === owner && type === 'ml-dsa-44-cosignature';
}

function signedBy(
  { manifest, digest }: BackupRead,
  signature: string,
  keys: readonly VerifierKey[],
): boolean {
  try {
    const { origin, size, root } = openCheckpoint(signature, ...keys);
    return origin === `${keys[0]!.name}/${PART}` && size === manifest.files.length && root.equals(digest);
  } catch {
    return false;
  }
}

/**
 * Who made a backup, and that it is one that was asked for. Encryption says nothing of that: anyone can encrypt.
 * @returns what it is of
 * @throws CodedError `backup-untrusted`, `sealed-content-unreadable`
 */
export function requireTrusted(read: BackupRead, trust: BackupTrust): BackupAbout {
  const parsed = aboutSchema.safeParse(read.manifest.about);
  if (!parsed.success)
    throw new CodedError('sealed-content-unreadable', 'the backup does not say of what it is');
  const about = parsed.data;
  if (read.signature === null) {
    if (trust.unsigned === true) return about;
    throw untrusted(
      'it carries no signature: it was made before backups were signed, or by someone else. Only where you know where it comes from, restore it with `--trust-unsigned`',
    );
  }
  let keys: VerifierKey[];
  try {
    keys = about.verifierKeys.map(parseVerifierKey);
  } catch {
    throw untrusted('the keys that it names are none');
  }
  const isPair = keys[0]!.type === 'ed25519' && keys[1]!.type === 'ml-dsa-44-cosignature';
  if (!isPair || keys.some(({ name }) => name !== logName(about.id)) || !signedBy(read, read.signature, keys))
    throw untrusted('its signature does not hold');
  const [classic, quantumSafe] = about.verifierKeys;
  const isKnown = (key: string): boolean => trust.keys.includes(key);
  const pinsBoth = trust.keys.some((key) => namesQuantumSafe(key, keys[0]!.name));
  if (!isKnown(classic) || (pinsBoth && !isKnown(quantumSafe)))
    throw untrusted(
      `it was made by \`${keys[0]!.name}\` under the key ${Buffer.from(keys[0]!.keyId).toString('hex')}, which this machine does not know. Compare with the \`verifier.key\` that you kept of it (it lies in \`ledger/\` of its data folder), and restore with \`--trust ${classic}\``,
    );
  return about;
}
