import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { CodedError, newId } from '@sallyport/core';
import { type DataKeys, isSealedAsNow } from '@sallyport/vault';
import {
  type ArtefactStore,
  artefactContext,
  HEAD_BYTES,
  isWhole,
  openVerified,
  piecesOf,
  requireDigest,
  sealArtefact,
} from './artefacts.ts';
import { s3Client } from './object-client.ts';
import type { ObjectStoreSettings } from './object-store.ts';

const PART_BYTES = 64 * 1024 * 1024;

/** Artefacts in an object store: sealed here before they leave, verified here after they came. */
export class ObjectArtefacts implements ArtefactStore {
  readonly #settings: ObjectStoreSettings;
  readonly #keys: DataKeys;
  readonly #scratch: string;
  readonly #client: S3Client;

  /** @param scratch folder for sealed files on their way */
  constructor(settings: ObjectStoreSettings, keys: DataKeys, scratch: string) {
    this.#settings = settings;
    this.#keys = keys;
    this.#scratch = scratch;
    mkdirSync(scratch, { recursive: true, mode: 0o700 });
    this.#client = s3Client(settings);
  }

  #object(sha256: string): { Bucket: string; Key: string } {
    requireDigest(sha256);
    return { Bucket: this.#settings.bucket, Key: `${this.#settings.prefix}${sha256.slice(0, 2)}/${sha256}` };
  }

  /** Runs a request; what the store says of itself goes into no message. */
  async #ask<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (fault) {
      if (fault instanceof CodedError) throw fault;
      const { name } = fault as Error;
      throw new CodedError('artefact-unreachable', `the object store did not ${what}: ${name}`, {
        cause: fault,
      });
    }
  }

  async put(sha256: string, path: string): Promise<void> {
    if ((await this.has(sha256)) && (await isWhole(this.read(sha256)))) return;
    await this.#store(sha256, piecesOf(path));
  }

  async reseal(sha256: string): Promise<boolean> {
    if (isSealedAsNow(await this.head(sha256))) return false;
    await this.#store(sha256, this.read(sha256));
    return true;
  }

  async #store(sha256: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const sealed = join(this.#scratch, newId('ver'));
    try {
      await sealArtefact(this.#keys, sha256, pieces, sealed);
      await this.#ask('take a file', () =>
        new Upload({
          client: this.#client,
          partSize: PART_BYTES,
          queueSize: 2,
          leavePartsOnError: false,
          params: { ...this.#object(sha256), Body: createReadStream(sealed) },
        }).done(),
      );
    } finally {
      rmSync(sealed, { force: true });
    }
  }

  async has(sha256: string): Promise<boolean> {
    const object = this.#object(sha256);
    try {
      await this.#client.send(new HeadObjectCommand(object));
      return true;
    } catch (fault) {
      if ((fault as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 404)
        return false;
      throw new CodedError(
        'artefact-unreachable',
        `the object store does not answer: ${(fault as Error).name}`,
      );
    }
  }

  async *read(sha256: string): AsyncGenerator<Uint8Array> {
    const sealed = join(this.#scratch, newId('ver'));
    try {
      await this.#ask('hand out a file', async () => {
        const { Body } = await this.#client.send(new GetObjectCommand(this.#object(sha256)));
        await pipeline(Body as Readable, createWriteStream(sealed, { mode: 0o600, flags: 'wx' }));
      });
      yield* openVerified(sha256, sealed, this.#keys);
    } finally {
      rmSync(sealed, { force: true });
    }
  }

  async head(sha256: string): Promise<Uint8Array> {
    return this.#ask('hand out a file', async () => {
      const { Body } = await this.#client.send(
        new GetObjectCommand({ ...this.#object(sha256), Range: `bytes=0-${HEAD_BYTES - 1}` }),
      );
      return Body!.transformToByteArray();
    });
  }

  async list(): Promise<string[]> {
    return this.#ask('list its files', async () => {
      const found: string[] = [];
      let after: string | undefined;
      do {
        const page = await this.#client.send(
          new ListObjectsV2Command({
            Bucket: this.#settings.bucket,
            Prefix: this.#settings.prefix,
            ...(after === undefined ? {} : { ContinuationToken: after }),
          }),
        );
        for (const { Key = '' } of page.Contents ?? []) {
          const name = Key.slice(Key.lastIndexOf('/') + 1);
          if (/^[0-9a-f]{64}$/.test(name)) found.push(name);
        }
        after = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (after !== undefined);
      return found.sort();
    });
  }

  async remove(sha256: string): Promise<void> {
    const object = this.#object(sha256);
    this.#keys.shred(artefactContext(sha256));
    await this.#ask('remove a file', () => this.#client.send(new DeleteObjectCommand(object)));
  }
}
