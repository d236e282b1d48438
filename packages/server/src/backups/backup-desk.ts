import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { BACKUP_KEEP_DAYS, CodedError, clock, InTurn, newEvent, type SallyportEvent } from '@sallyport/core';
import { backupFiles, parseRecipient } from '@sallyport/vault';
import type { Control } from '../control.ts';
import { forgetLog } from '../known-logs.ts';
import { log } from '../log.ts';
import { dataContents, keyContents } from './backup-contents.ts';
import { backupIdentity } from './backup-identity.ts';
import { type BackupAbout, backupSigner, knownLogKeys } from './backup-trust.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What folders of drills begin with. */
const DRILL = 'restore-';

/** What a backup came to. */
export interface BackupMade {
  readonly file: string;
  readonly of: BackupAbout['of'];
  readonly bytes: number;
  readonly sha256: string;
  readonly files: number;
  /** Who can open it, besides this installation where it is one of data. */
  readonly recipients: number;
  /** Whether a quantum computer does not open it. */
  readonly quantumSafe: boolean;
  readonly tookMs: number;
}

/** What restoring one came to. */
export interface BackupDrill {
  readonly file: string;
  readonly passed: boolean;
  readonly detail: string;
  readonly entries: number;
  readonly rows: number;
  readonly bytes: number;
  readonly tookMs: number;
}

/** A backup in the folder of this installation. */
export interface BackupListed {
  readonly file: string;
  readonly bytes: number;
  readonly at: string;
}

/** What is asked for: the data, or the keys that lie apart from it. */
export interface BackupOrder {
  readonly of?: BackupAbout['of'];
  /** Where to; in the configured folder if left out. */
  readonly file?: string | undefined;
  /** Who can open it; those of the configuration if left out. */
  readonly recipients?: readonly string[] | undefined;
}

/** Makes backups while everything goes on, and restores them to see that they can be. */
export class BackupDesk {
  readonly #control: Control;
  readonly #turn = new InTurn();
  #running: 'backup' | 'drill' | null = null;
  #stopped = false;

  constructor(control: Control) {
    this.#control = control;
  }

  /** What is under way. */
  get running(): 'backup' | 'drill' | null {
    return this.#running;
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#turn.idle();
  }

  #next<T>(what: 'backup' | 'drill', work: () => Promise<T>): Promise<T> {
    const done = this.#turn.do(() => {
      if (this.#stopped) throw new CodedError('record-unavailable', 'the server is stopping');
      this.#running = what;
      return work();
    });
    return done.finally(() => {
      this.#running = null;
    });
  }

  /**
   * Makes a backup, reads it again from its file and holds every byte against what went in.
   * @throws CodedError `request-invalid`, `config-invalid`, or as the file system has it
   */
  make(actor: string, { of = 'data', file, recipients }: BackupOrder = {}): Promise<BackupMade> {
    const { config, installation } = this.#control;
    const named = recipients ?? config.backup?.recipients ?? [];
    return this.#next('backup', async () => {
      const begun = performance.now();
      const path = file === undefined ? this.#newFile(of) : resolve(file);
      if (existsSync(path)) throw new CodedError('request-invalid', `\`${path}\` is there already`);
      const others = named.map(parseRecipient);
      if (of === 'keys' && others.length === 0)
        throw new CodedError(
          'request-invalid',
          'name who can open a backup of keys: `--to age1pq1…`; `sallyport vault identity --out FILE` makes such a recipient',
        );
      const quantumSafe = others.every((one) => one.isQuantumSafe);
      const own = await backupIdentity(installation.ring);
      const about: BackupAbout = {
        of,
        id: installation.id,
        at: clock.nowIso(),
        verifierKeys: [installation.ledger.verifierKey, installation.ledger.quantumSafeVerifierKey],
      };
      const { writeBackup, readBackup } = await backupFiles();
      const written = await writeBackup(
        path,
        // The key that opens backups here lies among those keys: it is no help to whoever lost them.
        of === 'keys' ? others : [own.recipient(quantumSafe), ...others],
        { ...about },
        of === 'keys' ? keyContents(installation) : dataContents(installation),
        backupSigner(installation.signers),
      );
      if (of === 'data')
        await readBackup(path, own.identities, async ({ pieces }) => {
          for await (const _ of pieces);
        });
      const { manifest, bytes, sha256 } = written;
      const made: BackupMade = {
        file: path,
        of,
        bytes,
        sha256,
        files: manifest.files.length,
        recipients: others.length,
        quantumSafe,
        tookMs: Math.round(performance.now() - begun),
      };
      await installation.announce(
        newEvent('backup-made', {
          actor,
          subject: 'organisation',
          data: { ...made, file: basename(path), verified: of === 'data' },
        }),
      );
      return made;
    });
  }

  #folder(): string {
    const { backup } = this.#control.config;
    if (!backup)
      throw new CodedError(
        'request-invalid',
        'say where to: name a file, or set `backup.folder` in sallyport.yaml',
      );
    return resolve(backup.folder);
  }

  #newFile(of: BackupAbout['of']): string {
    const folder = this.#folder();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const time = clock.nowIso().replaceAll(/[:.]/g, '');
    return join(
      folder,
      `sallyport-${of === 'keys' ? 'keys-' : ''}${this.#control.installation.id}-${time}.age`,
    );
  }

  /** Backups of data in the folder, the newest first. */
  list(): BackupListed[] {
    const { config, installation } = this.#control;
    const folder = config.backup ? resolve(config.backup.folder) : null;
    if (folder === null || !existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name.startsWith(`sallyport-${installation.id}-`) && name.endsWith('.age'))
      .sort()
      .reverse()
      .flatMap((name) => {
        const file = join(folder, name);
        const there = lstatSync(file, { throwIfNoEntry: false });
        // What else the keeper of the folder calls so is no backup: a drill would wait for a pipe for ever.
        return there?.isFile() ? [{ file, bytes: there.size, at: there.mtime.toISOString() }] : [];
      });
  }

  /**
   * Restores a backup into a folder of its own, which is removed again, and takes the time.
   * @param file the newest in the folder if left out
   * @throws CodedError `request-invalid` where there is none
   */
  drill(actor: string, file?: string): Promise<BackupDrill> {
    const { installation } = this.#control;
    return this.#next('drill', async () => {
      const path = file === undefined ? this.list()[0]?.file : resolve(file);
      if (path === undefined || !existsSync(path))
        throw new CodedError(
          'request-invalid',
          'there is no backup to restore: make one with `sallyport backup FILE --to RECIPIENT`, or name a folder as `backup.folder` in sallyport.yaml',
        );
      const begun = performance.now();
      const folder = mkdtempSync(join(installation.folder, DRILL));
      let outcome: Omit<BackupDrill, 'file' | 'tookMs'>;
      try {
        const { restoreBackup } = await import('./restore.ts');
        const own = await backupIdentity(installation.ring);
        const { about, entries, rows, bytes } = await restoreBackup(
          path,
          own.identities,
          join(folder, 'data'),
          // A backup that someone else made is none of ours, whoever it is for.
          { keys: knownLogKeys(installation.rootKey.path) },
        );
        const isOwn = about.id === installation.id;
        outcome = {
          passed: isOwn,
          detail: isOwn
            ? `all of it was restored, ${rows} rows and ${entries} entries of the log, which verifies`
            : 'it is a backup of another installation',
          entries,
          rows,
          bytes,
        };
      } catch (fault) {
        outcome = { passed: false, detail: (fault as Error).message, entries: 0, rows: 0, bytes: 0 };
      } finally {
        forgetLog(join(folder, 'data'), undefined);
        rmSync(folder, { recursive: true, force: true });
      }
      const drill = { file: path, ...outcome, tookMs: Math.round(performance.now() - begun) };
      await installation.announce(
        newEvent('backup-drilled', {
          actor,
          subject: 'organisation',
          data: { ...drill, file: basename(path) },
        }),
      );
      return drill;
    });
  }

  /** The last backup of data, and the last drill, as they were recorded. */
  async last(): Promise<{ readonly made: SallyportEvent | null; readonly drilled: SallyportEvent | null }> {
    const { events } = this.#control.installation.store;
    return {
      made: await events.latest('backup-made', undefined, { field: 'of', value: 'data' }),
      drilled: await events.latest('backup-drilled'),
    };
  }

  /**
   * When the oldest backup of data was made that is still kept, to the day; null where there is none. Keys that it needs stay until
   * then: the log says so, since a key that was destroyed does not come back. One of keys holds those that it needs.
   */
  async oldestKept(): Promise<string | null> {
    const { config, installation } = this.#control;
    const days = config.backup?.keepDays ?? BACKUP_KEEP_DAYS;
    const firstDay = new Date(clock.nowMs() - days * DAY_MS).toISOString().slice(0, 10);
    const said = await installation.state.said();
    return said.about('organisation', ['backup-made'], firstDay).at(-1)?.at ?? null;
  }

  #forgetOld(keepDays: number): void {
    const before = new Date(clock.nowMs() - keepDays * DAY_MS).toISOString();
    // The newest stays, however old: better an old one than none.
    for (const { file } of this.list()
      .slice(1)
      .filter(({ at }) => at < before))
      rmSync(file, { force: true });
  }

  /** Removes what a backup or a drill left that a crash cut short. */
  #sweep(): void {
    const { config, installation } = this.#control;
    const remove = (folder: string, left: (name: string) => boolean): void => {
      for (const name of existsSync(folder) ? readdirSync(folder).filter(left) : [])
        rmSync(join(folder, name), { recursive: true, force: true });
    };
    remove(installation.folder, (name) => name.startsWith(DRILL));
    if (config.backup)
      remove(
        resolve(config.backup.folder),
        (name) =>
          name.startsWith('sallyport-') && name.includes(installation.id) && name.endsWith('.age.partial'),
      );
  }

  /** Does what is due: a backup, a drill, the forgetting of old ones and of keys that only they needed. */
  async tick(): Promise<void> {
    const { backup } = this.#control.config;
    if (this.#running) return;
    this.#sweep();
    if (!backup) return;
    const { made, drilled } = await this.last();
    const isDue = (event: SallyportEvent | null, hours: number): boolean =>
      event === null || clock.nowMs() - Date.parse(event.at) >= hours * HOUR_MS;
    if (isDue(made, backup.everyHours)) {
      try {
        const { file, bytes, tookMs } = await this.make('sallyport');
        log('info', 'a backup was made', { file: basename(file), bytes, tookMs });
        this.#forgetOld(backup.keepDays);
        await this.#control.vault.dropRetired();
      } catch (fault) {
        log('error', 'the backup failed, and is tried again', { fault: (fault as Error).message });
        return;
      }
    }
    if (isDue(drilled, backup.drillEveryHours)) {
      const drill = await this.drill('sallyport');
      if (!drill.passed) log('error', 'the newest backup cannot be restored', { fault: drill.detail });
    }
  }
}

/**
 * Where a backup goes, what is in it and who opens it is said by people on this machine, whose own files it reads; all
 * others have the configured one made.
 * @throws CodedError `request-invalid`
 */
export function requireOwn(actor: string, { of = 'data', file, recipients }: BackupOrder): void {
  if (of === 'data' && file === undefined && recipients === undefined) return;
  if (!actor.startsWith('local:') || (file !== undefined && !isAbsolute(file)))
    throw new CodedError(
      'request-invalid',
      'a file, recipients, or a backup of keys are asked for on this machine, with `sallyport backup`; from elsewhere backups go to `backup.folder`',
    );
}
