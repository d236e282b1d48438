import { mkdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CodedError, type Config, clock, InTurn, newEvent } from '@sallyport/core';
import { openCheckpoint, readPlain, VERIFIER_FILES, verifyConsistency } from '@sallyport/ledger';
import type { ObjectFiles } from '@sallyport/registry';
import { writeDurably, writePieces } from '@sallyport/vault';
import { z } from 'zod';
import type { Control } from './control.ts';
import type { Installation } from './installation.ts';
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

type Ledger = Installation['ledger'];
type ArchiveConfig = NonNullable<Config['record']['archive']>;

/** What is under way when the server ends may take this long. */
const STOP_MS = 5_000;
/** Checkpoints, keys and our own notes are short: what is longer is none. */
const SMALL_BYTES_MAX = 1024 * 1024;
/** That the archive grows is recorded this often: an entry each time would be one that is to be archived in turn. */
const NOTE_MS = 24 * 3_600_000;

/** What is noted of what was archived last; anyone who writes to the data folder may put anything there. */
const noteSchema = z
  .object({ to: z.string(), size: z.int().min(0), at: z.string().max(64).nullable(), notedMs: z.number() })
  .nullable();

const placeOf = ({ folder, objects }: ArchiveConfig): string =>
  objects ? `${objects.endpoint}/${objects.bucket}/${objects.prefix}` : resolve(folder!);

const folderFiles = (folder: string): ObjectFiles => ({
  async put(name, pieces) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Who keeps the archive could lead what is written into another folder.
    if (realpathSync(dirname(path)) !== join(realpathSync(folder), dirname(name)))
      throw new CodedError('usage', `\`${dirname(path)}\` leads out of the archive: remove the link`);
    await writePieces(path, pieces, 0o600);
  },
  async read(name) {
    return readPlain(join(folder, name), SMALL_BYTES_MAX);
  },
  close() {},
});

/**
 * How many entries of this log an archive has. What a log that was restored lacks is there, and must not be written over,
 * nor must another log.
 * @param to where it is kept
 * @throws CodedError `record-rolled-back`
 */
async function archived(files: ObjectFiles, to: string, ledger: Ledger): Promise<number> {
  const note = await files.read('checkpoint');
  if (note === null) return 0;
  const { origin, size, root } = openCheckpoint(note.toString());
  if (size > ledger.size)
    throw new CodedError(
      'record-rolled-back',
      `the archive \`${to}\` holds ${size} entries, and the log ${ledger.size}: stop, and run \`sallyport ledger fill --from FOLDER\` with the archive in a folder`,
    );
  // What was added last may be under no checkpoint yet.
  await ledger.checkpointNow();
  const { checkpoint, proof } = await ledger.proveConsistency(size);
  if (origin !== checkpoint.origin || !verifyConsistency(size, checkpoint.size, proof, root, checkpoint.root))
    throw new CodedError(
      'record-rolled-back',
      `the archive \`${to}\` holds another log: name another place, or move what is there`,
    );
  return size;
}

/** Keeps a second copy of the log, as it grows: tiles, entries, sealed content, then the checkpoint over them. */
export class LogArchive {
  readonly #control: Control;
  readonly #turn = new InTurn();
  #fault: string | null = null;
  /** Where files go while some do. */
  #files: ObjectFiles | null = null;

  constructor(control: Control) {
    this.#control = control;
  }

  #note(): string {
    return join(this.#control.installation.folder, 'archive.json');
  }

  #known(to: string): { size: number; at: string | null; notedMs: number } {
    const nothing = { size: 0, at: null, notedMs: 0 };
    try {
      const note = readPlain(this.#note(), SMALL_BYTES_MAX);
      const known = noteSchema.parse(JSON.parse(note?.toString() ?? 'null'));
      // Another place has nothing yet.
      return known?.to === to ? known : nothing;
    } catch {
      // It says only what is looked up again.
      return nothing;
    }
  }

  /** How it stands; null where none is kept. */
  state(): ArchiveState | null {
    const { archive } = this.#control.config.record;
    if (!archive) return null;
    const to = placeOf(archive);
    const { size, at } = this.#known(to);
    return { to, size, at, fault: this.#fault };
  }

  /** Ends what is under way; a place that does not answer is not waited for. */
  async stop(): Promise<void> {
    const late = setTimeout(() => this.#files?.close(), STOP_MS);
    await this.#turn.idle();
    clearTimeout(late);
  }

  /** Adds what is new. */
  tick(): Promise<void> {
    return this.#turn.do(() => this.#grow());
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
      const files = objects
        ? await (await import('@sallyport/registry')).objectFiles(objectSettings('record.archive', objects))
        : folderFiles(resolve(folder!));
      this.#files = files;
      let size = await archived(files, to, installation.ledger);
      for (const name of VERIFIER_FILES)
        await files.put(name, [readPlain(join(installation.ledger.folder, name), SMALL_BYTES_MAX)!]);
      for await (const { path, pieces } of installation.ledger.copy(size)) {
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
    } finally {
      this.#files?.close();
      this.#files = null;
    }
  }
}
