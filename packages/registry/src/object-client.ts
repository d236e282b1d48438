import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { addAbortSignal, Readable } from 'node:stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { CodedError } from '@sallyport/core';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { ObjectFiles, ObjectStoreSettings } from './object-store.ts';

const CONNECT_MS = 10_000;
const REQUEST_MS = 120_000;
const ATTEMPTS_MAX = 4;
/** Longest file that is read at once. */
const READ_BYTES_MAX = 1024 * 1024;

/** A client that reaches the one address that was checked, and gives up in time. */
export function s3Client(settings: ObjectStoreSettings): S3Client {
  const { endpoint, region, pathStyle, accessKeyId, secretAccessKey, lookup } = settings;
  const { requestMs = REQUEST_MS } = settings;
  const agent = { lookup, keepAlive: true, maxSockets: 8 };
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: pathStyle,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: ATTEMPTS_MAX,
    followRegionRedirects: false,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECT_MS,
      requestTimeout: requestMs,
      socketTimeout: requestMs,
      // Else it only says that it waits, and goes on waiting.
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
    }),
  });
}

/** Files under names of their own, as they are. */
export class ObjectFolder implements ObjectFiles {
  readonly #settings: ObjectStoreSettings;
  readonly #client: S3Client;
  readonly #closed = new AbortController();

  constructor(settings: ObjectStoreSettings) {
    this.#settings = settings;
    this.#client = s3Client(settings);
  }

  async put(name: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const { bucket, prefix } = this.#settings;
    try {
      const params = { Bucket: bucket, Key: `${prefix}${name}`, Body: Readable.from(pieces) };
      const upload = { client: this.#client, queueSize: 1, leavePartsOnError: false, params };
      await new Upload({ ...upload, abortController: this.#closed }).done();
    } catch (fault) {
      throw new CodedError(
        'artefact-unreachable',
        `the object store did not take a file: ${(fault as Error).name}`,
        {
          cause: fault,
        },
      );
    }
  }

  async read(name: string): Promise<Buffer | null> {
    const { bucket, prefix, requestMs = REQUEST_MS } = this.#settings;
    const pieces: Buffer[] = [];
    let bytes = 0;
    try {
      const command = new GetObjectCommand({ Bucket: bucket, Key: `${prefix}${name}` });
      const { Body } = await this.#client.send(command, { abortSignal: this.#closed.signal });
      const late = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(requestMs)]);
      for await (const piece of addAbortSignal(late, Body as Readable)) {
        bytes += (piece as Buffer).length;
        if (bytes > READ_BYTES_MAX) throw new Error('it is too long');
        pieces.push(piece as Buffer);
      }
    } catch (fault) {
      if ((fault as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 404)
        return null;
      throw new CodedError(
        'artefact-unreachable',
        `the object store did not hand out a file: ${(fault as Error).name}`,
        { cause: fault },
      );
    }
    return Buffer.concat(pieces);
  }

  close(): void {
    this.#closed.abort();
    this.#client.destroy();
  }
}
