import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, type KeyProvider, newId } from '@sallyport/core';
import { syncFolder, writeDurably } from './durable.ts';

/** A key that seals content of one purpose on one day. */
export interface DataKey {
  readonly id: string;
  /** Such as `system:helpdesk`. */
  readonly purpose: string;
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string;
  readonly key: Uint8Array;
}

interface DataKeyFile {
  readonly id: string;
  readonly purpose: string;
  readonly day: string;
  readonly provider: string;
  readonly wrapped: string;
}

/** The data keys of an installation: one file each, wrapped by the root key. Destroying one erases its content. */
export class DataKeys {
  readonly #folder: string;
  readonly #provider: KeyProvider;
  readonly #byId = new Map<string, DataKey>();
  readonly #byUse = new Map<string, DataKey>();

  constructor(folder: string, provider: KeyProvider) {
    this.#folder = folder;
    this.#provider = provider;
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder)) {
      if (/^dek_[0-9a-z]+\.json$/.test(name)) this.#load(join(folder, name));
    }
  }

  #load(path: string): void {
    const file = JSON.parse(readFileSync(path, 'utf8')) as DataKeyFile;
    const key = this.#provider.unwrap(
      Buffer.from(file.wrapped, 'base64'),
      `data-key:${file.id}:${file.purpose}`,
    );
    this.#remember({ id: file.id, purpose: file.purpose, day: file.day, key });
  }

  #remember(key: DataKey): void {
    this.#byId.set(key.id, key);
    this.#byUse.set(`${key.purpose}\n${key.day}`, key);
  }

  /** The key for a purpose on a day, made and stored when there is none. */
  forDay(purpose: string, day: string): { key: DataKey; created: boolean } {
    const known = this.#byUse.get(`${purpose}\n${day}`);
    if (known) return { key: known, created: false };
    const key: DataKey = { id: newId('dek'), purpose, day, key: randomBytes(32) };
    const wrapped = this.#provider.wrap(key.key, `data-key:${key.id}:${purpose}`);
    const file: DataKeyFile = {
      id: key.id,
      purpose,
      day,
      provider: this.#provider.id,
      wrapped: Buffer.from(wrapped).toString('base64'),
    };
    writeDurably(join(this.#folder, `${key.id}.json`), `${JSON.stringify(file)}\n`, 0o600, true);
    this.#remember(key);
    return { key, created: true };
  }

  /** @throws CodedError `sealed-content-unreadable` when the key was destroyed */
  byId(id: string): DataKey {
    const key = this.#byId.get(id);
    if (!key) throw new CodedError('sealed-content-unreadable', `data key \`${id}\` does not exist any more`);
    return key;
  }

  /** Destroys a key: whatever it sealed can never be opened again. */
  destroy(id: string): void {
    const key = this.byId(id);
    rmSync(join(this.#folder, `${id}.json`), { force: true });
    syncFolder(this.#folder);
    this.#byId.delete(id);
    this.#byUse.delete(`${key.purpose}\n${key.day}`);
    key.key.fill(0);
  }

  /** How many keys exist. */
  get size(): number {
    return this.#byId.size;
  }
}
