import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, clock, newId } from '@sallyport/core';
import { type DataKeys, openSealedFile, sealedFileKey, sealFile } from '@sallyport/vault';

/** Contents by their digest, sealed. */
export interface ArtefactStore {
  /** Takes a file in. What is there already is not stored again. @throws CodedError `artefact-corrupt` where it is not what it is said to be */
  put(sha256: string, path: string): Promise<void>;
  has(sha256: string): Promise<boolean>;
  /** Content in pieces, every one authentic; whoever takes all of them has the digest checked too. @throws CodedError `artefact-corrupt` */
  read(sha256: string): AsyncIterable<Uint8Array>;
  list(): Promise<string[]>;
  remove(sha256: string): Promise<void>;
}

const contextOf = (sha256: string): string => `artefact:${sha256}`;

async function* hashing(path: string, sum: ReturnType<typeof createHash>): AsyncGenerator<Uint8Array> {
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    sum.update(piece as Buffer);
    yield piece as Buffer;
  }
}

/** Artefacts in a folder: `ab/abcd…`, each under a data key of its own, so that destroying the key destroys the content. */
export class FolderArtefacts implements ArtefactStore {
  readonly #folder: string;
  readonly #keys: DataKeys;

  constructor(folder: string, keys: DataKeys) {
    this.#folder = folder;
    this.#keys = keys;
  }

  #path(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new CodedError('request-invalid', 'that is no digest');
    return join(this.#folder, sha256.slice(0, 2), sha256);
  }

  async put(sha256: string, path: string): Promise<void> {
    const target = this.#path(sha256);
    if (existsSync(target)) return;
    mkdirSync(join(this.#folder, sha256.slice(0, 2)), { recursive: true, mode: 0o700 });
    const { key } = this.#keys.forDay(contextOf(sha256), clock.nowIso().slice(0, 10));
    const draft = `${target}.${newId('ver')}.new`;
    try {
      const sum = createHash('sha256');
      await sealFile(key, contextOf(sha256), hashing(path, sum), draft);
      if (sum.digest('hex') !== sha256)
        throw new CodedError('artefact-corrupt', 'a file changed while it was stored; register it again');
      renameSync(draft, target);
    } finally {
      rmSync(draft, { force: true });
    }
  }

  async has(sha256: string): Promise<boolean> {
    return existsSync(this.#path(sha256));
  }

  async *read(sha256: string): AsyncGenerator<Uint8Array> {
    const path = this.#path(sha256);
    if (!existsSync(path))
      throw new CodedError('artefact-corrupt', `artefact \`${sha256.slice(0, 12)}…\` is not there`);
    const sum = createHash('sha256');
    try {
      for (const piece of openSealedFile(path, contextOf(sha256), (id) => this.#keys.byId(id))) {
        sum.update(piece);
        yield piece;
      }
    } catch (fault) {
      if (fault instanceof CodedError)
        throw new CodedError('artefact-corrupt', `artefact \`${sha256.slice(0, 12)}…\`: ${fault.message}`);
      throw fault;
    }
    if (sum.digest('hex') !== sha256)
      throw new CodedError(
        'artefact-corrupt',
        `artefact \`${sha256.slice(0, 12)}…\` is not what its name says`,
      );
  }

  async list(): Promise<string[]> {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((name) => /^[0-9a-f]{2}$/.test(name))
      .flatMap((name) => readdirSync(join(this.#folder, name)).filter((file) => /^[0-9a-f]{64}$/.test(file)))
      .sort();
  }

  async remove(sha256: string): Promise<void> {
    const path = this.#path(sha256);
    if (!existsSync(path)) return;
    this.#keys.destroy(sealedFileKey(path));
    rmSync(path);
  }
}
