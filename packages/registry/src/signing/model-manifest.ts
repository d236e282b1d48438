import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Statement } from './dsse.ts';
import { HASH_TYPES, type HashJob, type HashType, hashParts } from './hash-files.ts';
import { modelFiles } from './model-files.ts';

/** Predicate type of model signatures (OpenSSF Model Signing specification v1.0). */
export const MODEL_SIGNATURE_TYPE = 'https://model_signing/signature/v1.0';
/** Bytes of a shard where a model is hashed in shards. */
export const SHARD_BYTES = 1_000_000_000;

/** How a model was hashed: by files, or by shards of files. */
export interface Serialization {
  readonly method: 'files' | 'shards';
  readonly hashType: HashType;
  readonly shardBytes: number;
  readonly allowLinks: boolean;
  readonly ignored: readonly string[];
}

/** One digest: of a file, or of `name:start:end`. */
export interface Resource {
  readonly name: string;
  readonly digest: string;
}

/** Everything that a signature covers. */
export interface ModelManifest {
  readonly name: string;
  readonly serialization: Serialization;
  readonly resources: readonly Resource[];
  /** SHA-256 over the raw digests in order, hexadecimal: one name for the whole model. */
  readonly digest: string;
}

/** The digest of a whole model. */
export function rootDigest(resources: readonly Resource[]): string {
  const sum = createHash('sha256');
  for (const { digest } of resources) sum.update(Buffer.from(digest, 'hex'));
  return sum.digest('hex');
}

/** Hashes a model as it lies in a folder or a file. @param name what it is called in the signature */
export async function manifestOf(
  root: string,
  name: string,
  serialization: Serialization,
  onProgress?: (bytes: number, of: number) => void,
): Promise<ModelManifest> {
  const { ignored, allowLinks, method, shardBytes, hashType } = serialization;
  const parts: { name: string; job: HashJob }[] = [];
  for (const file of modelFiles(root, { ignored, allowLinks })) {
    if (method === 'files') {
      parts.push({ name: file.name, job: { path: file.path, start: 0, end: file.bytes } });
      continue;
    }
    for (let start = 0; start < file.bytes; start += shardBytes) {
      const end = Math.min(file.bytes, start + shardBytes);
      parts.push({ name: `${file.name}:${start}:${end}`, job: { path: file.path, start, end } });
    }
  }
  const digests = await hashParts(
    parts.map(({ job }) => job),
    hashType,
    onProgress,
  );
  const resources = parts.map((part, i) => ({ name: part.name, digest: digests[i]! }));
  return { name, serialization, resources, digest: rootDigest(resources) };
}

/** A manifest as the statement that is signed. */
export function toStatement({ name, serialization, resources, digest }: ModelManifest): Statement {
  const { method, hashType, shardBytes, allowLinks, ignored } = serialization;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name, digest: { sha256: digest } }],
    predicateType: MODEL_SIGNATURE_TYPE,
    predicate: {
      serialization: {
        method,
        hash_type: hashType,
        allow_symlinks: allowLinks,
        ignore_paths: [...ignored],
        ...(method === 'shards' ? { shard_size: shardBytes } : {}),
      },
      resources: resources.map((one) => ({ name: one.name, algorithm: hashType, digest: one.digest })),
    },
  };
}

const statementSchema = z.object({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z
    .array(
      z.object({
        name: z.string().default(''),
        digest: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
      }),
    )
    .length(1),
  predicateType: z.literal(MODEL_SIGNATURE_TYPE),
  predicate: z.object({
    serialization: z.object({
      method: z.enum(['files', 'shards']),
      hash_type: z.enum(Object.keys(HASH_TYPES) as [HashType, ...HashType[]]),
      allow_symlinks: z.boolean().default(false),
      ignore_paths: z.array(z.string()).default([]),
      shard_size: z.int().positive().optional(),
    }),
    resources: z.array(
      z.object({
        name: z.string(),
        algorithm: z.string(),
        digest: z.string().regex(/^(?:[0-9a-f]{2}){20,64}$/),
      }),
    ),
  }),
});

/**
 * Reads what was signed.
 * @throws Error in words for what is no statement of this kind, or whose digest is not that of its resources
 */
export function fromStatement(payload: Uint8Array): ModelManifest {
  const { subject, predicate } = statementSchema.parse(JSON.parse(Buffer.from(payload).toString('utf8')));
  const { serialization: stated } = predicate;
  const resources = predicate.resources.map(({ name, digest }) => ({ name, digest }));
  const [{ name, digest }] = subject as [(typeof subject)[number]];
  if (rootDigest(resources) !== digest.sha256)
    throw new Error('its digest of the whole is not that of the files it lists');
  if (new Set(resources.map((one) => one.name)).size !== resources.length)
    throw new Error('it lists a file twice');
  return {
    name,
    resources,
    digest: digest.sha256,
    serialization: {
      method: stated.method,
      hashType: stated.hash_type,
      shardBytes: stated.shard_size ?? SHARD_BYTES,
      allowLinks: stated.allow_symlinks,
      ignored: stated.ignore_paths,
    },
  };
}
