import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CodedError, type Config, clock, newEvent } from '@sallyport/core';
import { openCheckpoint, VERIFIER_FILES } from '@sallyport/ledger';
import type { ObjectFiles } from '@sallyport/registry';
import { writeDurably, writePieces } from '@sallyport/vault';
import type { Control } from './control.ts';
import { log } from './log.ts';
import { objectSettings } from './object-settings.ts';

/** How the second copy of the log stands. */
export interface ArchiveState {
  /** Where it is kept. */
  readonly to: string;
  /** Entries that are there. */
  readonly size: number;
  readonly at: string | null;
  /** In words, why nothing was added when that was tried last. */
  readonly fault: string | null;
}

type ArchiveConfig = NonNullable<Config['record']['archive']>;

/** That the archive grows is recorded this often: an entry each time would be one that is to be archived in turn. */
const NOTE_MS = 24 * 3_600_000;

const placeOf = ({ folder, objects }: ArchiveConfig): string =>
  objects ? `${objects.endpoint}/${objects.bucket}/${objects.prefix}` : resolve(folder!);

const folderFiles = (folder: string): ObjectFiles => ({
  async put(name, pieces) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await writePieces(path, pieces, 0o600);
  },
});

/** What a log that was restored lacks is in its archive, and must not be written over. @throws CodedError `record-rolled-back` */
function requireShorter(folder: string, size: number): void {
  const path = join(folder, 'checkpoint');
  const kept = existsSync(path) ? openCheckpoint(readFileSync(path, 'utf8')).size : 0;
  if (kept > size)
    throw new CodedError(
      'record-rolled-back',
      `the archive \`${folder}\` holds ${kept} entries, and the log ${size}: stop, and run \`sallyport ledger fill --from ${folder}\``,
    );
}

/** Keeps a second copy of the log, as it grows: tiles, entries, sealed content, then the checkpoint over them. */
export class LogArchive {
  readonly #control: Control;
  #working: Promise<void> = Promise.resolve();
  #fault: string | null = null;

  constructor(control: Control) {
    this.#control = control;
  }

  #note(): string {
    return join(this.#control.installation.folder, 'archive.json');
  }

  #known(to: string): { size: number; at: string | null; notedMs: number } {
    const nothing = { size: 0, at: null, notedMs: 0 };
    if (!existsSync(this.#note())) return nothing;
    const known = JSON.parse(readFileSync(this.#note(), 'utf8')) as ArchiveState & { notedMs: number };
    // Another place has nothing yet.
    return known.to === to ? known : nothing;
  }

  /** How it stands; null where none is kept. */
  state(): ArchiveState | null {
    const { archive } = this.#control.config.record;
    if (!archive) return null;
    const to = placeOf(archive);
    const { size, at } = this.#known(to);
    return { to, size, at, fault: this.#fault };
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    await this.#working;
  }

  /** Adds what is new. */
  tick(): Promise<void> {
    const work = this.#working.then(() => this.#grow());
    this.#working = work.catch(() => {});
    return work;
  }

  async #grow(): Promise<void> {
    const { config, installation } = this.#control;
    const { archive } = config.record;
    if (!archive) return;
    const to = placeOf(archive);
    const known = this.#known(to);
    if (installation.ledger.size === known.size) return;
    try {
      const { folder, objects } = archive;
      if (folder !== undefined) requireShorter(resolve(folder), installation.ledger.size);
      const files = objects
        ? await (await import('@sallyport/registry')).objectFiles(objectSettings('record.archive', objects))
        : folderFiles(resolve(folder!));
      for (const name of VERIFIER_FILES)
        await files.put(name, [readFileSync(join(installation.ledger.folder, name))]);
      let size = known.size;
      for await (const { path, pieces } of installation.ledger.copy(known.size)) {
        const content: Uint8Array[] = [];
        if (path === 'checkpoint') for await (const piece of pieces) content.push(piece);
        await files.put(path, path === 'checkpoint' ? content : pieces);
        if (path === 'checkpoint') size = openCheckpoint(Buffer.concat(content).toString()).size;
      }
      const isDue = clock.nowMs() - known.notedMs > NOTE_MS;
      const note = { to, size, at: clock.nowIso(), notedMs: isDue ? clock.nowMs() : known.notedMs };
      writeDurably(this.#note(), `${JSON.stringify(note)}\n`, 0o600);
      this.#fault = null;
      if (isDue)
        await installation.announce(
          newEvent('log-archived', { actor: 'sallyport', subject: 'organisation', data: { to, size } }),
        );
    } catch (fault) {
      const { message } = fault as Error;
      if (message !== this.#fault) log('error', 'the log is not archived', { fault: message });
      this.#fault = message;
    }
  }
}
