import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import { type Checkpoint, openCheckpoint } from '@sallyport/ledger';
import { configFolder, rootKeyPath, writeDurably } from '@sallyport/vault';
import { z } from 'zod';
import { log } from './log.ts';

/** What this machine was first told of the log in a folder; it lies apart from the data, whose thief does not reach it. */
export interface KnownLog {
  /** Keys that verify its log, as `verifier.key` has them: Ed25519, ML-DSA-44. */
  readonly keys: readonly string[];
  /** Files that say so. */
  readonly files: readonly string[];
}

const HASH_CHARACTERS = 32;
const fileSchema = z.object({ folder: z.string(), keys: z.array(z.string().max(4096)).min(1).max(2) });

function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return resolve(folder);
  }
}

/** In the user's configuration, and beside the root key where that lies elsewhere. @param what `known`: whose log it is; `seen`: how far it went */
function filesOf(folder: string, rootKey: string | undefined, what: 'known' | 'seen' = 'known'): string[] {
  const name = createHash('sha256').update(realPath(folder)).digest('hex').slice(0, HASH_CHARACTERS);
  const folders = [configFolder(), dirname(resolve(rootKeyPath(rootKey, 'any')))];
  return [...new Set(folders)].map((place) => join(place, `log-${name}.${what}`));
}

/**
 * What is remembered of the log in a data folder; null where nothing is.
 * @param rootKey path of its root key, if somebody says so
 * @throws CodedError `ledger-corrupt` where two places do not say the same, or one cannot be read
 */
export function knownLog(folder: string, rootKey: string | undefined): KnownLog | null {
  const files = filesOf(folder, rootKey).filter((path) => existsSync(path));
  const said = files.map((path) => {
    try {
      return fileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).keys;
    } catch {
      throw new CodedError(
        'ledger-corrupt',
        `\`${path}\` cannot be read: it says whose log is in \`${folder}\``,
      );
    }
  });
  const [first] = said;
  if (first === undefined) return null;
  if (said.some((keys) => keys.join() !== first.join()))
    throw new CodedError(
      'ledger-corrupt',
      `${files.join(' and ')} do not name the same keys; remove the wrong one`,
    );
  return { keys: first, files };
}

/** Remembers whose log is in a folder. A place that cannot be written is told, and stops nothing. */
export function rememberLog(folder: string, rootKey: string | undefined, keys: readonly string[]): void {
  for (const path of filesOf(folder, rootKey)) {
    const text = `${JSON.stringify({ folder: realPath(folder), keys })}\n`;
    try {
      if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeDurably(path, text, 0o600);
    } catch (fault) {
      log('warn', 'whose log this is could not be remembered apart from it', {
        path,
        fault: (fault as Error).message,
      });
    }
  }
}

/** How far the log in a folder went: its checkpoint, and the file that says so. */
export interface SeenLog {
  readonly checkpoint: Checkpoint;
  readonly file: string;
}

/**
 * How far the log in a data folder went; null where nothing is remembered. What cannot be read says nothing. The user's configuration
 * counts first: a restore that was not told where the root key lies speaks there alone.
 */
export function seenLog(folder: string, rootKey: string | undefined): SeenLog | null {
  for (const file of filesOf(folder, rootKey, 'seen'))
    try {
      return { checkpoint: openCheckpoint(readFileSync(file, 'utf8')), file };
    } catch {
      // The next may say so.
    }
  return null;
}

/** Remembers how far the log in a data folder went, apart from it. @param note its signed checkpoint @returns in words, why not; null where it did */
export function rememberSeen(folder: string, rootKey: string | undefined, note: string): string | null {
  try {
    for (const file of filesOf(folder, rootKey, 'seen')) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeDurably(file, note, 0o600);
    }
    return null;
  } catch (fault) {
    return (fault as Error).message;
  }
}

/** Forgets how far the log in a data folder went: another begins there. */
export function forgetSeen(folder: string, rootKey: string | undefined): void {
  for (const file of filesOf(folder, rootKey, 'seen')) rmSync(file, { force: true });
}

/** Forgets all that is remembered of the log in a data folder, which is about to be removed. */
export function forgetLog(folder: string, rootKey: string | undefined): void {
  forgetSeen(folder, rootKey);
  for (const file of filesOf(folder, rootKey)) rmSync(file, { force: true });
}

/** Files beside root keys with the keys of the log of an installation. */
const PINNED = /\.(verifier|verifier-quantum-safe)$/;

/** What was kept of an installation when it was made, whichever folder it lies in now; null where nothing was. */
export function keptLog(id: string, rootKey: string | undefined): KnownLog | null {
  const folders = [...new Set([dirname(resolve(rootKeyPath(rootKey, 'any'))), configFolder()])];
  const files = folders.flatMap((folder) =>
    (existsSync(folder) ? readdirSync(folder) : [])
      .filter((name) => PINNED.test(name) && name.replace(PINNED, '').endsWith(`.${id}`))
      .sort()
      .map((name) => join(folder, name)),
  );
  const keys = [...new Set(files.map((path) => readFileSync(path, 'utf8').trim()))];
  return keys.length === 0 ? null : { keys, files };
}
