import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { CodedError } from '@sallyport/core';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { ObjectFiles, ObjectStoreSettings } from './object-store.ts';

const CONNECT_MS = 10_000;
const REQUEST_MS = 120_000;
const ATTEMPTS_MAX = 4;

/** A client that reaches the one address that was checked, and gives up in time. */
export function s3Client(settings: ObjectStoreSettings): S3Client {
  const { endpoint, region, pathStyle, accessKeyId, secretAccessKey, lookup } = settings;
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
      requestTimeout: REQUEST_MS,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
    }),
  });
}

/** Files under names of their own, as they are. */
export class ObjectFolder implements ObjectFiles {
  readonly #settings: ObjectStoreSettings;
  readonly #client: S3Client;

  constructor(settings: ObjectStoreSettings) {
    this.#settings = settings;
    this.#client = s3Client(settings);
  }

  async put(name: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const { bucket, prefix } = this.#settings;
    try {
      const params = { Bucket: bucket, Key: `${prefix}${name}`, Body: Readable.from(pieces) };
      await new Upload({ client: this.#client, queueSize: 1, leavePartsOnError: false, params }).done();
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
}
