import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@sallyport/core';
import {
  formatVerifierKey,
  type Ledger,
  type NoteSigner,
  VERIFIER_FILES,
  verifierKeysOf,
} from '@sallyport/ledger';
import { type RootKey, type SigningKey, writeDurably } from '@sallyport/vault';
import { type KnownLog, knownLog, rememberLog } from './known-logs.ts';
import { log } from './log.ts';

/** The name under which an installation signs its log. */
export const logName = (id: string): string => `sallyport.local/${id}`;

/** Keys that this machine was told of the log in a folder; none where that cannot be read, which {@link pinLog} tells. */
export function toldKeys(folder: string, rootKey: string | undefined): readonly string[] {
  try {
    return knownLog(folder, rootKey)?.keys ?? [];
  } catch {
    return [];
  }
}

/**
 * Remembers apart from the data whose log lies in a folder. What was remembered before stays where it names another log:
 * then `sallyport ledger verify` says so, until someone who knows why removes it.
 * @param before who signed before
 * @param fresh whether the installation is made now, in an empty folder
 */
export function pinLog(
  folder: string,
  rootKey: string | undefined,
  ledger: Pick<Ledger, 'verifierKey' | 'quantumSafeVerifierKey'>,
  before: NoteSigner | null,
  fresh: boolean,
): void {
  const keys = [ledger.verifierKey, ledger.quantumSafeVerifierKey];
  const earlier = before ? verifierKeysOf(before).map(formatVerifierKey) : [];
  let known: KnownLog | null = null;
  try {
    known = knownLog(folder, rootKey);
  } catch (fault) {
    log('error', 'whose log this is was remembered, and cannot be read', { fault: (fault as Error).message });
    return;
  }
  const isSame = known === null || known.keys[0] === keys[0] || known.keys[0] === earlier[0];
  if (!isSame)
    log(fresh ? 'warn' : 'error', 'another log was in this folder before', {
      before: known!.keys[0]!.split('+')[0]!,
      now: keys[0]!.split('+')[0]!,
      remembered: known!.files.join(', '),
    });
  if (isSame || fresh) rememberLog(folder, rootKey, keys);
}

/** Keys of before that are kept; each change of the log's key brings two. */
const EARLIER_MAX = 200;

const linesOf = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];

/** Where keys are kept that verified the log of an installation before, apart from the data. @param rootPath of the root key */
const earlierPath = (rootPath: string, id: string): string => `${rootPath}.${id}.verifier-earlier`;

/**
 * A key that is to sign from now on signed never before: one that was replaced, for whichever reason, does not come back because
 * its file was laid there.
 * @param rootPath of the root key
 * @throws CodedError `ledger-corrupt`
 */
export function requireNewLogKey(file: string, key: SigningKey | null, rootPath: string, id: string): void {
  const verifier = key && formatVerifierKey(verifierKeysOf({ name: logName(id), ...key })[0]);
  if (verifier !== null && linesOf(earlierPath(rootPath, id)).includes(verifier))
    throw new CodedError(
      'ledger-corrupt',
      `\`${file}\` is a key that signed this log before: someone put it there; remove it, and look at who may write to the folder`,
    );
}

function keepEarlier(path: string, key: string): void {
  const kept = linesOf(path);
  if (kept.includes(key)) return;
  writeDurably(path, `${[...kept, key].slice(-EARLIER_MAX).join('\n')}\n`, 0o644);
}

/**
 * Writes the log's verifier keys: beside the log, and again beside the root key, where whoever rewrites the data does
 * not reach.
 * @param before who signed before: keys of that signer are replaced, of nobody else
 * @param told keys that this machine was told when a backup was restored here: one of before the log's key was changed
 * @throws CodedError `ledger-corrupt` where another key lies there
 */
export function publishVerifierKeys(
  ledger: Ledger,
  { path: rootPath }: Pick<RootKey, 'path'>,
  id: string,
  before: NoteSigner | null,
  told: readonly string[] = [],
): void {
  const earlier = before ? verifierKeysOf(before).map(formatVerifierKey) : [];
  const kept = linesOf(earlierPath(rootPath, id));
  const isRestored = (key: string): boolean => told.includes(key) && kept.includes(key);
  const outside = `${rootPath}.${id}.verifier`;
  for (const [path, key] of [
    [join(ledger.folder, VERIFIER_FILES[0]), ledger.verifierKey],
    [outside, ledger.verifierKey],
    [join(ledger.folder, VERIFIER_FILES[1]), ledger.quantumSafeVerifierKey],
    [`${outside}-quantum-safe`, ledger.quantumSafeVerifierKey],
  ] as const) {
    const known = existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
    if (known === key) continue;
    if (known !== null && !earlier.includes(known) && !isRestored(key))
      throw new CodedError(
        'ledger-corrupt',
        `\`${path}\` names another key than the one that signs this log${kept.includes(key) ? ', which signed it before: where that is a backup of before the key was changed, have `sallyport restore` put it into this very folder' : ''}`,
      );
    // What was signed under it before, backups above all, stays known.
    if (known !== null && path.startsWith(outside)) keepEarlier(earlierPath(rootPath, id), known);
    writeDurably(path, `${key}\n`, 0o644);
  }
}
