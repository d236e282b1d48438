import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, newId } from '@sallyport/core';
import { syncFolder, writeDurably } from './durable.ts';
import { envelopeKeyId, formatEnvelope, parseEnvelope } from './envelope.ts';
import { isWrapped, readKeyFile } from './key-file.ts';
import { type KeyPurpose, splitPurpose } from './key-purposes.ts';
import type { KeyRing } from './key-ring.ts';

/** A key that seals content of one purpose on one day. */
export interface DataKey {
  readonly id: string;
  /** Such as `system:helpdesk`. */
  readonly purpose: string;
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string;
  readonly key: Uint8Array;
}

/** A data key as lists show it: what it is for, and which key wraps it. */
export interface DataKeyEntry {
  readonly id: string;
  readonly purpose: string;
  readonly day: string;
  readonly suite: string;
  /** Id of the key-encryption key. */
  readonly parent: string;
}

/** As files hold it. Before there were key-encryption keys, `wrapped` was made by the root itself. */
interface DataKeyFile {
  readonly id: string;
  readonly purpose: string;
  readonly day: string;
  readonly envelope?: string;
  readonly wrapped?: string;
}

const DATA_KEY_FILE = /^dek_[0-9a-z]+\.json$/;
/** Keys unwrapped and kept in memory. */
const OPEN_MAX = 4096;
/** Keys wrapped anew before others have their turn. */
const REWRAP_SLICE = 16;

/** @throws CodedError `file-unusable` */
const readDataKey = (path: string): DataKeyFile =>
  readKeyFile<DataKeyFile>(
    path,
    (file) => [file.id, file.purpose, file.day].every((one) => typeof one === 'string') && isWrapped(file),
    '; or remove it: what it sealed opens no more then',
  );

const contextOf = (file: Pick<DataKeyFile, 'id' | 'purpose'>) => {
  const { purpose, owner } = splitPurpose(file.purpose);
  return { purpose, owner, object: file.id, version: 1 } as const;
};

/** The data keys of an installation: one file each, wrapped by a key of the ring. Destroying one erases its content. */
export class DataKeys {
  readonly #folder: string;
  readonly #ring: KeyRing;
  readonly #files = new Map<string, DataKeyFile>();
  readonly #byUse = new Map<string, string>();
  readonly #open = new Map<string, DataKey>();
  /** How often a key of each purpose was taken out of its wrapping, since {@link takeUnwraps}. */
  #unwraps = new Map<KeyPurpose, number>();

  private constructor(folder: string, ring: KeyRing) {
    this.#folder = folder;
    this.#ring = ring;
  }

  /** Opens the keys of a folder; those that the root wrapped itself are wrapped anew. @throws CodedError `root-key-wrong` */
  static async open(folder: string, ring: KeyRing): Promise<DataKeys> {
    const keys = new DataKeys(folder, ring);
    for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
      if (!DATA_KEY_FILE.test(name)) continue;
      const file = readDataKey(join(folder, name));
      keys.#remember(file.envelope === undefined ? await keys.#lift(file) : file);
    }
    return keys;
  }

  /**
   * The same keys to open content with, and nothing written.
   * @throws CodedError `root-key-wrong` where a key was wrapped by the root itself: the next start wraps it anew
   */
  static read(folder: string, ring: KeyRing): DataKeys {
    const keys = new DataKeys(folder, ring);
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      if (!DATA_KEY_FILE.test(name)) continue;
      const file = readDataKey(join(folder, name));
      if (file.envelope === undefined)
        throw new CodedError('root-key-wrong', 'data keys are of an earlier version; start the server once');
      keys.#remember(file);
    }
    return keys;
  }

  /** A key that the root wrapped itself goes under a key of the ring. */
  async #lift(file: DataKeyFile): Promise<DataKeyFile> {
    const bytes = Buffer.from(file.wrapped ?? '', 'base64');
    const plain = await this.#ring.provider.unwrap(bytes, Buffer.from(`data-key:${file.id}:${file.purpose}`));
    return this.#write(file, plain);
  }

  async #write(
    { id, purpose, day }: Omit<DataKeyFile, 'envelope' | 'wrapped'>,
    key: Uint8Array,
  ): Promise<DataKeyFile> {
    const context = contextOf({ id, purpose });
    await this.#ring.ensure(context.purpose, context.owner);
    const file = { id, purpose, day, envelope: formatEnvelope(this.#ring.wrap(context, key)) };
    writeDurably(join(this.#folder, `${id}.json`), `${JSON.stringify(file)}\n`, 0o600);
    return file;
  }

  #remember(file: DataKeyFile): void {
    this.#files.set(file.id, file);
    // What a shredding left in a copy of the data opens nothing, and seals nothing either.
    if (this.#ring.has(envelopeKeyId(file.envelope ?? '')))
      this.#byUse.set(`${file.purpose}\n${file.day}`, file.id);
  }

  /** The key for a purpose on a day, made and stored when there is none. @throws CodedError `key-provider-unavailable` */
  async forDay(purpose: string, day: string): Promise<{ key: DataKey; created: boolean }> {
    const known = this.#byUse.get(`${purpose}\n${day}`);
    if (known !== undefined) return { key: this.byId(known), created: false };
    const key: DataKey = { id: newId('dek'), purpose, day, key: randomBytes(32) };
    const file = await this.#write(key, key.key);
    // Whoever asked at the same time may have been quicker.
    const other = this.#byUse.get(`${purpose}\n${day}`);
    if (other !== undefined) {
      rmSync(join(this.#folder, `${file.id}.json`), { force: true });
      return { key: this.byId(other), created: false };
    }
    this.#remember(file);
    this.#keep(key);
    return { key, created: true };
  }

  /** Makes a new key for a purpose and a day; the one before opens what it sealed. @throws CodedError `key-provider-unavailable` */
  async renew(purpose: string, day: string): Promise<DataKey> {
    const key: DataKey = { id: newId('dek'), purpose, day, key: randomBytes(32) };
    this.#remember(await this.#write(key, key.key));
    this.#keep(key);
    return key;
  }

  #keep(key: DataKey): void {
    if (this.#open.size >= OPEN_MAX) {
      const [oldest] = this.#open.keys();
      this.#open.delete(oldest!);
    }
    this.#open.set(key.id, key);
  }

  /** The key that was made for a purpose and a day. @throws CodedError `sealed-content-unreadable` where none was */
  ofUse(purpose: string, day: string): DataKey {
    const id = this.#byUse.get(`${purpose}\n${day}`);
    if (id === undefined) throw new CodedError('sealed-content-unreadable', `there is no key for ${purpose}`);
    return this.byId(id);
  }

  /** @throws CodedError `sealed-content-unreadable` when the key was destroyed */
  byId(id: string): DataKey {
    const open = this.#open.get(id);
    if (open) return open;
    const file = this.#files.get(id);
    if (!file)
      throw new CodedError('sealed-content-unreadable', `data key \`${id}\` does not exist any more`);
    const context = contextOf(file);
    const key = this.#ring.unwrap(parseEnvelope(file.envelope!), context);
    this.#unwraps.set(context.purpose, (this.#unwraps.get(context.purpose) ?? 0) + 1);
    const opened = { id, purpose: file.purpose, day: file.day, key };
    this.#keep(opened);
    return opened;
  }

  /** Destroys a key: whatever it sealed can never be opened again. */
  destroy(id: string): void {
    const file = this.#files.get(id);
    if (!file)
      throw new CodedError('sealed-content-unreadable', `data key \`${id}\` does not exist any more`);
    rmSync(join(this.#folder, `${id}.json`), { force: true });
    syncFolder(this.#folder);
    this.#files.delete(id);
    const use = `${file.purpose}\n${file.day}`;
    if (this.#byUse.get(use) === id) this.#byUse.delete(use);
    this.#open.get(id)?.key.fill(0);
    this.#open.delete(id);
  }

  /**
   * Destroys every key of a purpose and owner, and what wrapped them: what they sealed is gone, in backups too.
   * @param purpose such as `system:helpdesk`
   * @returns how many keys went
   */
  shred(purpose: string): number {
    const of = splitPurpose(purpose);
    // First what opens the others, wherever they were copied to.
    for (const one of this.#ring.list())
      if (one.purpose === of.purpose && one.owner === of.owner && of.owner !== '') this.#ring.drop(one.id);
    const gone = [...this.#files.values()].filter((file) => file.purpose === purpose);
    for (const { id } of gone) this.destroy(id);
    return gone.length;
  }

  /**
   * Wraps every key of a purpose under the newest key-encryption key, and destroys the ones before. Cut short, it goes on
   * where it stopped when it is called again.
   */
  async rewrap(onProgress: (done: number, of: number) => void = () => {}): Promise<number> {
    const stale = [...this.#files.values()].filter(
      ({ id, envelope }) => !this.isOrphan(id) && !this.#ring.isCurrent(envelopeKeyId(envelope!)),
    );
    for (const [at, file] of stale.entries()) {
      if (this.#files.get(file.id) !== file) continue;
      const plain = this.#ring.unwrap(parseEnvelope(file.envelope!), contextOf(file));
      this.#files.set(file.id, await this.#write(file, plain));
      onProgress(at + 1, stale.length);
      if (at % REWRAP_SLICE === REWRAP_SLICE - 1) await new Promise((turn) => setImmediate(turn));
    }
    return stale.length;
  }

  /** Ids of key-encryption keys that still wrap a data key. */
  parents(): ReadonlySet<string> {
    return new Set([...this.#files.values()].map(({ envelope }) => envelopeKeyId(envelope!)));
  }

  /** Every data key, none of them secret. */
  list(): readonly DataKeyEntry[] {
    return [...this.#files.values()].map(({ id, purpose, day, envelope }) => {
      const [, suite, parent] = envelope!.split(' ', 3);
      return { id, purpose, day, suite: suite!, parent: parent! };
    });
  }

  /** Forgets keys that are open: they are unwrapped anew when they are asked for, by a ring that can. */
  forget(): void {
    for (const { key } of this.#open.values()) key.fill(0);
    this.#open.clear();
  }

  /** How often keys of each purpose were unwrapped since the last call. */
  takeUnwraps(): ReadonlyMap<KeyPurpose, number> {
    const taken = this.#unwraps;
    this.#unwraps = new Map();
    return taken;
  }

  /** Whether a key lies under one that was destroyed: nothing opens it. */
  isOrphan(id: string): boolean {
    const file = this.#files.get(id);
    return file !== undefined && !this.#ring.has(envelopeKeyId(file.envelope!));
  }

  /** Whether a key is there to open what it sealed. */
  has(id: string): boolean {
    return this.#files.has(id) && !this.isOrphan(id);
  }

  /** How many keys exist. */
  get size(): number {
    return this.#files.size;
  }
}
