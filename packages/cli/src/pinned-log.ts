import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@sallyport/core';
import {
  type BelievedCheckpoint,
  type LedgerProblem,
  parseVerifierKey,
  VERIFIER_FILES,
} from '@sallyport/ledger';
import { keptLog, knownLog, rememberLog, seenLog } from '@sallyport/server/local';
import { logKeys } from './log-keys.ts';
import type { Options } from './options.ts';
import { readText } from './read-text.ts';

/** By which keys a log is verified, and who says so. */
export interface PinnedLog {
  readonly keys: readonly string[];
  /** `--key`, what this machine was told before, or the log itself, the first time. */
  readonly by: 'given' | 'remembered' | 'first';
  /** Files that remember it. */
  readonly files: readonly string[];
  /** The longest of this very log that this machine saw in the folder; none where nothing is remembered. */
  readonly seen: readonly BelievedCheckpoint[];
  /** Keys beside the log, or in another place, that are not those. */
  readonly problems: readonly LedgerProblem[];
}

/** A key in few words: whose it is, and its hash. */
export function keyWords(key: string): string {
  const { name, keyId } = parseVerifierKey(key);
  return `\`${name}\` (key ${Buffer.from(keyId).toString('hex')})`;
}

function installationId(data: string): string | null {
  const file = join(data, 'installation.json');
  if (!existsSync(file)) return null;
  try {
    const { id } = JSON.parse(readFileSync(file, 'utf8')) as { id?: unknown };
    return typeof id === 'string' && /^[a-z0-9]{8,32}$/.test(id) ? id : null;
  } catch {
    return null;
  }
}

/**
 * Finds the keys that a log must verify by: those given, those that this machine was told first, else those beside it.
 * @param data the data folder, or the folder of a log
 * @param folder of the log
 * @throws CodedError `usage`
 */
export function pinnedLog(options: Options, data: string, folder: string): PinnedLog {
  const given = options.texts('key').flatMap(logKeys);
  const seen = seenOf(options, data);
  if (given.length > 0) return { keys: given, by: 'given', files: [], problems: [], seen: seen(given) };
  const beside = VERIFIER_FILES.map((name) => join(folder, name));
  if (!existsSync(beside[0]!))
    throw new CodedError('usage', `there is no log in \`${data}\`: \`${beside[0]}\` is missing`);
  const own = beside.filter((path) => existsSync(path)).map((path) => readText(path).trim());
  const id = installationId(data) ?? /^sallyport\.local\/([a-z0-9]{8,32})\+/.exec(own[0]!)?.[1] ?? null;
  const known = knownLog(data, options.rootKey);
  const kept = id === null ? null : keptLog(id, options.rootKey);
  const pinned = known ?? kept;
  if (!pinned) return { keys: own, by: 'first', files: [], problems: [], seen: seen(own) };
  const problems: LedgerProblem[] = [];
  for (const [n, key] of pinned.keys.entries())
    if (own[n] !== key)
      problems.push({
        file: VERIFIER_FILES[n] ?? 'verifier.key',
        entry: null,
        message: `the log here is of ${own[n] === undefined ? 'no one' : nameOf(own[n])}, and this machine was told ${nameOf(key)} (${pinned.files.join(', ')}): another record lies in its place, or its key was changed elsewhere. Where you know why, name the right key with --key`,
      });
  if (known && kept && kept.keys[0] !== known.keys[0])
    problems.push({
      file: 'installation.json',
      entry: null,
      message: `it names an installation whose key is ${nameOf(kept.keys[0]!)}, and this machine was told ${nameOf(known.keys[0]!)} of this folder`,
    });
  return { keys: pinned.keys, by: 'remembered', files: pinned.files, problems, seen: seen(pinned.keys) };
}

/** What this machine saw in a folder of the log that some keys are of. */
const seenOf =
  (options: Options, data: string) =>
  ([key = '']: readonly string[]): BelievedCheckpoint[] => {
    const seen = seenLog(data, options.rootKey);
    if (seen === null || seen.checkpoint.origin !== key.split('+')[0]) return [];
    return [
      {
        ...seen.checkpoint,
        called: `what this machine saw here before (${seen.file}; where you know why an older copy lies here, remove that file)`,
      },
    ];
  };

function nameOf(key: string): string {
  try {
    return keyWords(key);
  } catch {
    return 'an unreadable key';
  }
}

/** Remembers a log that verified the first time. */
export function rememberFirst({ by, keys }: PinnedLog, data: string, rootKey: string | undefined): void {
  if (by === 'first') rememberLog(data, rootKey, keys);
}
