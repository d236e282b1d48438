import { CodedError } from '@sallyport/core';
import { type Checkpoint, parseCheckpoint, signedAt } from './checkpoint.ts';
import { leafHash, verifyInclusion } from './merkle.ts';
import { fromBase64, parseNote } from './note.ts';
import type { VerifierKey } from './verifier-key.ts';

/** That an entry is in a log, for whoever has nothing but the log's public keys (https://c2sp.org/tlog-proof). */
export interface LogProof {
  readonly index: number;
  /** Audit path, nearest sibling first. */
  readonly hashes: readonly Uint8Array[];
  /** What goes along: here the entry itself. */
  readonly extra: Uint8Array;
  /** The checkpoint as a signed note. */
  readonly note: string;
}

const HEAD = 'c2sp.org/tlog-proof@v1';
const HASH_BYTES = 32;
const HASHES_MAX = 63;
const CHARACTERS_MAX = 2_000_000;
const wrong = (why: string): CodedError => new CodedError('ledger-corrupt', `it is no proof: ${why}`);

/** A proof as text. {@link parseProof} reads it, and whatever it reads prints identically. */
export const formatProof = ({ index, hashes, extra, note }: LogProof): string =>
  [
    HEAD,
    ...(extra.length === 0 ? [] : [`extra ${Buffer.from(extra).toString('base64')}`]),
    `index ${index}`,
    ...hashes.map((hash) => Buffer.from(hash).toString('base64')),
    '',
    note,
  ].join('\n');

/** Reads a proof; nothing in it is checked yet. @throws CodedError `ledger-corrupt` */
export function parseProof(text: string): LogProof {
  if (text.length > CHARACTERS_MAX) throw wrong('it is too long');
  const split = text.indexOf('\n\n');
  if (split < 0) throw wrong('it carries no checkpoint');
  const [head, ...lines] = text.slice(0, split).split('\n');
  if (head !== HEAD) throw wrong(`it does not begin with \`${HEAD}\``);
  const extra = lines[0]?.startsWith('extra ') ? fromBase64(lines.shift()!.slice(6)) : Buffer.alloc(0);
  if (extra === null) throw wrong('what goes along is no base64');
  const index = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? '')?.[1];
  if (index === undefined || !Number.isSafeInteger(Number(index))) throw wrong('it names no entry');
  if (lines.length > HASHES_MAX) throw wrong(`it has over ${HASHES_MAX} hashes`);
  const hashes = lines.map((line) => {
    const hash = fromBase64(line);
    if (hash?.length !== HASH_BYTES) throw wrong('a hash is malformed');
    return hash;
  });
  const proof = { index: Number(index), hashes, extra, note: text.slice(split + 2) };
  if (formatProof(proof) !== text) throw wrong('it is not written as proofs are');
  parseNote(proof.note);
  return proof;
}

/** What a proof proves. */
export interface ProvenEntry {
  readonly entry: Uint8Array;
  readonly index: number;
  readonly checkpoint: Checkpoint;
  /** Seconds since 1970 at which each key signed; 0 where a signature says no time. */
  readonly signedAt: readonly number[];
}

/**
 * Checks a proof that carries its entry: every key has signed the checkpoint, and the entry is in the tree of it.
 * @throws CodedError `ledger-corrupt` with words about what does not hold
 */
export function verifyProof(text: string, keys: readonly VerifierKey[]): ProvenEntry {
  const proof = parseProof(text);
  const note = parseNote(proof.note);
  const checkpoint = parseCheckpoint(note.text);
  if (keys.length === 0) throw new CodedError('ledger-corrupt', 'name a key of the log');
  const times = keys.map((key) => {
    const at = signedAt(note, key);
    if (at === null)
      throw new CodedError('ledger-corrupt', `the checkpoint is not signed by \`${key.name}\` (${key.type})`);
    return at;
  });
  if (!verifyInclusion(leafHash(proof.extra), proof.index, checkpoint.size, proof.hashes, checkpoint.root))
    throw new CodedError('ledger-corrupt', 'the entry is not in the log that the checkpoint is of');
  return { entry: proof.extra, index: proof.index, checkpoint, signedAt: times };
}
