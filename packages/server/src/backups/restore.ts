import {
  cpSync,
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { CodedError, type Config } from '@sallyport/core';
import { verifyLedger } from '@sallyport/ledger';
import { loadPostgres, loadSqlite } from '@sallyport/store';
import { type AgeIdentity, type BackupFile, backupFiles, KeyRing, rootKeyPath } from '@sallyport/vault';
import { forgetRoot } from '../key-home.ts';
import { rememberLog, rememberSeen } from '../known-logs.ts';
import { openRoot } from '../root-home.ts';
import { isRootPart, ROOT_NAME } from './backup-contents.ts';
import { knownBackupIdentity } from './backup-identity.ts';
import { type BackupAbout, type BackupTrust, requireTrusted } from './backup-trust.ts';
import { noteRestored } from './restored-note.ts';

export { knownLogKeys } from './backup-trust.ts';
export { BEFORE_USE, holdsAgain } from './restored-note.ts';

/** What a restore came to. */
export interface Restored {
  readonly about: BackupAbout;
  readonly files: number;
  readonly bytes: number;
  /** Rows of state. */
  readonly rows: number;
  /** Entries of the log, each of them verified. */
  readonly entries: number;
  readonly tookMs: number;
}

async function put(target: string, { path, pieces }: BackupFile): Promise<void> {
  const full = join(target, path);
  mkdirSync(dirname(full), { recursive: true, mode: 0o700 });
  const file = await open(full, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    // On a disk that takes two names for one.
    throw new CodedError('sealed-content-unreadable', `the backup holds \`${path}\` twice`);
  });
  try {
    for await (const piece of pieces) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function* stateLines(folder: string): AsyncGenerator<string> {
  for (const name of readdirSync(folder).sort())
    for await (const piece of createReadStream(join(folder, name), 'utf8')) yield piece as string;
}

async function verified(folder: string, { verifierKeys }: BackupAbout): Promise<number> {
  const report = await verifyLedger(join(folder, 'ledger'), verifierKeys);
  if (!report.ok)
    throw new CodedError(
      'ledger-corrupt',
      `the log in the backup does not verify: ${report.problems[0]!.message}`,
    );
  return report.size;
}

/** @throws CodedError `usage` where something is in the place that the data folder is to take */
function requireFree(place: string): void {
  const there = lstatSync(place, { throwIfNoEntry: false });
  if (there && !(there.isDirectory() && readdirSync(place).length === 0))
    throw new CodedError(
      'usage',
      `\`${place}\` is not an empty folder: restore into another one, and look at both`,
    );
}

/** Makes the folder that a restore fills before it counts. @throws CodedError `usage` where there is one already */
function makePartial(place: string): string {
  const partial = join(dirname(place), `restore-${basename(place)}.partial`);
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
  try {
    mkdirSync(partial, { mode: 0o700 });
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
    throw new CodedError(
      'usage',
      `\`${partial}\` is there: another restore is under way, or one was broken off; if none is, remove it and restore again`,
    );
  }
  return partial;
}

/** Moves a folder to its place, which only an empty folder may have. @throws CodedError `usage` */
function moveTo(place: string, partial: string): void {
  requireFree(place);
  try {
    // Neither call removes or replaces what somebody put there after the look.
    if (existsSync(place)) rmdirSync(place);
    renameSync(partial, place);
  } catch (fault) {
    requireFree(place);
    throw fault;
  }
}

/**
 * Restores a backup of a data folder, or of keys. It is read to its end first, and who made it is checked, before
 * anything is written; then it is read again. What is in it counts only once the log in it verified: until then it lies
 * under another name, which is removed where anything fails. Nothing that exists is replaced, whenever it came to be there.
 * @param trust whose backups are restored
 * @param target where the data folder is to be; must be empty, or not exist. Keys go where `rootKey` says
 * @param databaseUrl a PostgreSQL that is empty, for state that shall live there
 * @throws CodedError `usage`, `sealed-content-unreadable`, `backup-untrusted`, `ledger-corrupt`
 */
export async function restoreBackup(
  path: string,
  identities: readonly AgeIdentity[],
  target: string,
  trust: BackupTrust,
  { rootKey, databaseUrl }: { readonly rootKey?: string; readonly databaseUrl?: string } = {},
): Promise<Restored> {
  const begun = performance.now();
  const place = existsSync(target) ? realpathSync(target) : resolve(target);
  const { readBackup } = await backupFiles();
  const first = await readBackup(path, identities, async ({ pieces }) => {
    for await (const _ of pieces);
  });
  const about = requireTrusted(first, trust);
  if (about.of === 'data') requireFree(place);
  const partial = makePartial(place);
  try {
    let bytes = 0;
    const { manifest, digest } = await readBackup(path, identities, async (file) => {
      bytes += file.bytes;
      await put(partial, file);
    });
    if (!digest.equals(first.digest))
      throw new CodedError('sealed-content-unreadable', 'the backup was replaced while it was read');
    const { length: files } = manifest.files;
    const done = { about, files, bytes };
    if (about.of === 'keys') {
      placeKeys(partial, rootKeyPath(rootKey, about.id), about.id);
      return { ...done, rows: 0, entries: 0, tookMs: performance.now() - begun };
    }
    const entries = await verified(partial, about);
    requireFree(place);
    const state = join(partial, 'state');
    const rows =
      databaseUrl === undefined
        ? await loadSqlite(join(partial, 'state.db'), stateLines(state))
        : await loadPostgres(databaseUrl, stateLines(state));
    rmSync(state, { recursive: true });
    forgetRoot(partial);
    noteRestored(partial, about.at);
    moveTo(place, partial);
    rememberLog(place, rootKey, about.verifierKeys);
    // From here on the log of this folder goes on from what was restored.
    rememberSeen(place, rootKey, readFileSync(join(place, 'ledger', 'checkpoint'), 'utf8'));
    return { ...done, rows, entries, tookMs: performance.now() - begun };
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Keys never take the place of others. */
function placeKeys(from: string, rootPath: string, id: string): void {
  const parts = readdirSync(from).map((name) => {
    if (!isRootPart(name, id))
      throw new CodedError(
        'sealed-content-unreadable',
        `the backup of keys holds \`${name}\`, which is none`,
      );
    return { name, to: `${rootPath}${name.slice(ROOT_NAME.length)}` };
  });
  const taken = parts.find(({ to }) => existsSync(to));
  if (taken)
    throw new CodedError(
      'usage',
      `\`${taken.to}\` is there already: move it away, or name another \`--root-key\``,
    );
  mkdirSync(dirname(rootPath), { recursive: true, mode: 0o700 });
  for (const { name, to } of parts) {
    const part = join(from, name);
    if (lstatSync(part).isDirectory()) mkdirSync(to, { mode: 0o700 });
    cpSync(part, to, { recursive: true, errorOnExist: true, force: false });
  }
}

/**
 * The keys that open backups which were made on this machine, of whichever installation.
 * @param config says where their roots are kept
 * @param rootKey its path, if somebody says so
 */
export async function ownIdentities(config: Config, rootKey: string | undefined): Promise<AgeIdentity[]> {
  const folder = dirname(resolve(rootKeyPath(rootKey, 'any')));
  const found: AgeIdentity[] = [];
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const [, own, id] = /^(.+)\.([a-z0-9]{8,32})\.backup$/.exec(name) ?? [];
    if (own === undefined || id === undefined) continue;
    const path = join(folder, own);
    // Where the data goes is not known yet: a root that lies here lies apart from it.
    const root = await openRoot(config.keys.root, path, join(folder, 'no-data'), false);
    const ring = await KeyRing.open(`${path}.${id}.ring`, root);
    found.push(...(knownBackupIdentity(ring)?.identities ?? []));
  }
  return found;
}
