import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { CodedError, clock, newId } from '@sallyport/core';
import { type DataKeys, isSealedAsNow, openSealedFile, sealFile } from '@sallyport/vault';

/** Contents by their digest, sealed. */
export interface ArtefactStore {
  /**
   * Takes a file in. What is stored already is read, and stored again only where it is not what its name says.
   * @throws CodedError `artefact-corrupt` where the file is not what it is said to be
   */
  put(sha256: string, path: string): Promise<void>;
  /**
   * Seals a stored file again, as files are sealed now, under a key of today.
   * @returns whether it was sealed otherwise before
   * @throws CodedError `artefact-corrupt`; what lies there stays as it is
   */
  reseal(sha256: string): Promise<boolean>;
  has(sha256: string): Promise<boolean>;
  /** Content in pieces, every one authentic; reading all of them checks the digest too. @throws CodedError `artefact-corrupt` */
  read(sha256: string): AsyncIterable<Uint8Array>;
  /** How a stored file begins, as it lies there. */
  head(sha256: string): Promise<Uint8Array>;
  list(): Promise<string[]>;
  /** Removes content and destroys every key that ever sealed it. */
  remove(sha256: string): Promise<void>;
}

/** Bytes of a head. */
export const HEAD_BYTES = 256;

/** What a sealed file is bound to. */
export const artefactContext = (sha256: string): string => `artefact:${sha256}`;

/** @throws CodedError `request-invalid` */
export function requireDigest(sha256: string): void {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new CodedError('request-invalid', 'that is no digest');
}

/** Opens a sealed file and checks that all of it is what its name says. @throws CodedError `artefact-corrupt` */
export async function* openVerified(
  sha256: string,
  path: string,
  keys: DataKeys,
): AsyncGenerator<Uint8Array> {
  const sum = createHash('sha256');
  try {
    for (const piece of openSealedFile(path, artefactContext(sha256), (id) => keys.byId(id))) {
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

/** Whether stored content is what its name says. @param pieces of all of it @throws Error where it could not be read */
export async function isWhole(pieces: AsyncIterable<Uint8Array>): Promise<boolean> {
  try {
    for await (const _ of pieces) await new Promise((turn) => setImmediate(turn));
    return true;
  } catch (fault) {
    if (fault instanceof CodedError && fault.code === 'artefact-corrupt') return false;
    throw fault;
  }
}

/** A file in pieces. */
export const piecesOf = (path: string): AsyncIterable<Uint8Array> =>
  createReadStream(path, { highWaterMark: 1024 * 1024 });

/**
 * Seals content into a file of its own, under the key of today.
 * @param path must not exist yet; where it fails, a part of the content may lie there
 * @throws CodedError `artefact-corrupt` where the content is not what its digest says
 */
export async function sealArtefact(
  keys: DataKeys,
  sha256: string,
  pieces: AsyncIterable<Uint8Array>,
  path: string,
): Promise<void> {
  const { key } = await keys.forDay(artefactContext(sha256), clock.nowIso().slice(0, 10));
  const sum = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      sum.update(piece);
      yield piece;
      // What is read from a sealed file comes at once: others have their turn between.
      await new Promise((turn) => setImmediate(turn));
    }
  }
  await sealFile(key, artefactContext(sha256), hashed(), path);
  if (sum.digest('hex') !== sha256)
    throw new CodedError('artefact-corrupt', 'a file changed while it was stored; register it again');
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
    requireDigest(sha256);
    return join(this.#folder, sha256.slice(0, 2), sha256);
  }

  async put(sha256: string, path: string): Promise<void> {
    if (existsSync(this.#path(sha256)) && (await isWhole(this.read(sha256)))) return;
    await this.#store(sha256, piecesOf(path));
  }

  async reseal(sha256: string): Promise<boolean> {
    if (isSealedAsNow(await this.head(sha256))) return false;
    await this.#store(sha256, this.read(sha256));
    return true;
  }

  async #store(sha256: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const target = this.#path(sha256);
    mkdirSync(join(this.#folder, sha256.slice(0, 2)), { recursive: true, mode: 0o700 });
    const draft = `${target}.${newId('ver')}.new`;
    try {
      await sealArtefact(this.#keys, sha256, pieces, draft);
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
    yield* openVerified(sha256, path, this.#keys);
  }

  async head(sha256: string): Promise<Uint8Array> {
    const descriptor = openSync(this.#path(sha256), 'r');
    try {
      const bytes = Buffer.alloc(HEAD_BYTES);
      return bytes.subarray(0, readSync(descriptor, bytes, 0, HEAD_BYTES, 0));
    } finally {
      closeSync(descriptor);
    }
  }

  async list(): Promise<string[]> {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((name) => /^[0-9a-f]{2}$/.test(name))
      .flatMap((name) => readdirSync(join(this.#folder, name)).filter((file) => /^[0-9a-f]{64}$/.test(file)))
      .sort();
  }

  async remove(sha256: string): Promise<void> {
    this.#keys.shred(artefactContext(sha256));
    rmSync(this.#path(sha256), { force: true });
  }
}
