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
import { type RootKey, writeDurably } from '@sallyport/vault';
import { type KnownLog, knownLog, rememberLog } from './known-logs.ts';
import { log } from './log.ts';

/** The name under which an installation signs its log. */
export const logName = (id: string): string => `sallyport.local/${id}`;

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

function keepEarlier(path: string, key: string): void {
  const kept = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  if (kept.includes(key)) return;
  writeDurably(path, `${[...kept, key].slice(-EARLIER_MAX).join('\n')}\n`, 0o644);
}

/**
 * Writes the log's verifier keys: beside the log, and again beside the root key, where whoever rewrites the data does
 * not reach.
 * @param before who signed before: keys of that signer are replaced, of nobody else
 * @throws CodedError `ledger-corrupt` where another key lies there
 */
export function publishVerifierKeys(
  ledger: Ledger,
  { path: rootPath }: Pick<RootKey, 'path'>,
  id: string,
  before: NoteSigner | null,
): void {
  const earlier = before ? verifierKeysOf(before).map(formatVerifierKey) : [];
  const outside = `${rootPath}.${id}.verifier`;
  for (const [path, key] of [
    [join(ledger.folder, VERIFIER_FILES[0]), ledger.verifierKey],
    [outside, ledger.verifierKey],
    [join(ledger.folder, VERIFIER_FILES[1]), ledger.quantumSafeVerifierKey],
    [`${outside}-quantum-safe`, ledger.quantumSafeVerifierKey],
  ] as const) {
    const known = existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
    if (known === key) continue;
    if (known !== null && !earlier.includes(known))
      throw new CodedError(
        'ledger-corrupt',
        `\`${path}\` names another key than the one that signs this log`,
      );
    // What was signed under it before, backups above all, stays known.
    if (known !== null && path.startsWith(outside)) keepEarlier(`${outside}-earlier`, known);
    writeDurably(path, `${key}\n`, 0o644);
  }
}
