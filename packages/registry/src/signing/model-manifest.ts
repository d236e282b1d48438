import { createHash } from 'node:crypto';
import { CodedError } from '@sallyport/core';
import { z } from 'zod';
import type { Statement } from './dsse.ts';
import { HASH_TYPES, type HashJob, type HashType, hashParts } from './hash-files.ts';
import { ignoredPath, inCodePointOrder, isCanonical, type ModelFile, modelFiles } from './model-files.ts';

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

/** What is told while a model is hashed. */
export interface HashWatcher {
  onProgress?(bytes: number, of: number): void;
  /** As {@link WalkOptions.onWarning}. */
  onWarning?(text: string): void;
}

/**
 * Hashes a model as it lies in a folder or a file.
 * @param name what it is called in the signature
 * @throws CodedError `usage` for what cannot be signed, `conflict` where it changes meanwhile
 */
export async function manifestOf(
  root: string,
  name: string,
  serialization: Serialization,
  { onProgress, onWarning }: HashWatcher = {},
): Promise<ModelManifest> {
  const { ignored, allowLinks, method, shardBytes, hashType } = serialization;
  const walk = { ignored, allowLinks };
  const files = modelFiles(root, onWarning ? { ...walk, onWarning } : walk);
  const parts: { name: string; job: HashJob }[] = [];
  for (const { name: file, path, bytes, identity } of files) {
    if (method === 'files') {
      parts.push({ name: file, job: { path, start: 0, end: bytes, identity } });
      continue;
    }
    for (let start = 0; start < bytes; start += shardBytes) {
      const end = Math.min(bytes, start + shardBytes);
      parts.push({ name: `${file}:${start}:${end}`, job: { path, start, end, identity } });
    }
  }
  if (parts.length === 0) throw new CodedError('usage', 'the model is empty: there is nothing to sign');
  const sorted = inCodePointOrder(parts, (part) => part.name);
  const digests = await hashParts(
    sorted.map(({ job }) => job),
    hashType,
    onProgress,
  );
  requireUnchanged(files, modelFiles(root, walk));
  const resources = sorted.map((part, i) => ({ name: part.name, digest: digests[i]! }));
  return { name, serialization, resources, digest: rootDigest(resources) };
}

/** @throws CodedError `conflict` where files came, went or changed while they were hashed */
function requireUnchanged(before: readonly ModelFile[], after: readonly ModelFile[]): void {
  const other = after.find(({ name, identity }, i) => {
    const was = before[i];
    return was?.name !== name || was.identity !== identity;
  });
  if (other || before.length !== after.length)
    throw new CodedError(
      'conflict',
      `the model changed while it was read${other ? ` (\`${other.name}\`)` : ''}: leave it alone meanwhile`,
    );
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

/** Digits of a digest (OMS algorithm registry). */
const DIGEST_DIGITS: Readonly<Record<HashType, number>> = { sha256: 64, blake2b: 128 };

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
      allow_symlinks: z.boolean(),
      ignore_paths: z.array(z.string()).default([]),
      shard_size: z.int().positive().optional(),
    }),
    resources: z
      .array(z.object({ name: z.string().min(1), algorithm: z.string(), digest: z.string() }))
      .min(1),
  }),
});
type Stated = z.infer<typeof statementSchema>['predicate'];

/** A part of a file by its name, `path:start:end`: file names may hold colons. */
const SHARD = /^(.+):(\d{1,16}):(\d{1,16})$/s;

/** What a resource is of. A shard without its range is of nothing. */
export const fileOf = (name: string, method: Serialization['method']): string | null =>
  method === 'files' ? name : (SHARD.exec(name)?.[1] ?? null);

/** Whether names stand in the order of their code points or, as the reference signer has shards, in that of files and first bytes. */
function areOrdered(names: readonly string[], method: Serialization['method']): boolean {
  const rising = (keys: readonly (readonly [Buffer, number])[]): boolean =>
    keys.every(([bytes, start], i) => {
      const before = keys[i - 1];
      const order = before ? Buffer.compare(before[0], bytes) : -1;
      return order < 0 || (order === 0 && before![1] < start);
    });
  if (rising(names.map((name) => [Buffer.from(name), 0]))) return true;
  if (method === 'files') return false;
  return rising(
    names.map((name) => {
      const [, path = '', start = ''] = SHARD.exec(name) ?? [];
      return [Buffer.from(path), Number(start)];
    }),
  );
}

/** Holds a predicate against the rules of the specification. @throws Error in words */
function requireSound({ serialization: stated, resources }: Stated): void {
  const { method, hash_type: type, shard_size: shard } = stated;
  if (method === 'shards' && shard === undefined) throw new Error('it has shards and does not say how large');
  if (method === 'files' && shard !== undefined) throw new Error('it has whole files and a size of shards');
  for (const { name, algorithm, digest } of resources) {
    const file = fileOf(name, method);
    // Early signers called a model that is one file `.`.
    if (file === null || (file !== '.' && !isCanonical(file)))
      throw new Error(`it has a name that is no path of a model: ${JSON.stringify(name.slice(0, 80))}`);
    // The reference signer writes `sha256-sharded-SIZE` for shards.
    if (algorithm !== type && !(method === 'shards' && algorithm === `${type}-sharded-${shard}`))
      throw new Error('it names another algorithm for a file than for all');
    if (digest.length !== DIGEST_DIGITS[type] || !/^[0-9a-f]+$/.test(digest))
      throw new Error(`it has a digest that is none of ${type}`);
  }
  const names = resources.map(({ name }) => name);
  if (new Set(names).size !== names.length) throw new Error('it lists a file twice');
  if (!areOrdered(names, method)) throw new Error('it lists files out of order');
}

/**
 * Reads what was signed.
 * @throws Error in words for what is no statement of this kind, breaks a rule of the specification, or whose digest is not that of its resources
 */
export function fromStatement(payload: Uint8Array): ModelManifest {
  const { subject, predicate } = statementSchema.parse(JSON.parse(Buffer.from(payload).toString('utf8')));
  requireSound(predicate);
  const { serialization: stated } = predicate;
  const resources = predicate.resources.map(({ name, digest }) => ({ name, digest }));
  const [{ name, digest }] = subject as [(typeof subject)[number]];
  if (rootDigest(resources) !== digest.sha256)
    throw new Error('its digest of the whole is not that of the files it lists');
  return {
    name,
    resources,
    digest: digest.sha256,
    serialization: {
      method: stated.method,
      hashType: stated.hash_type,
      shardBytes: stated.shard_size ?? SHARD_BYTES,
      allowLinks: stated.allow_symlinks,
      ignored: stated.ignore_paths.map(ignoredPath),
    },
  };
}
