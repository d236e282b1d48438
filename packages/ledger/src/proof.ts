import { CodedError } from '@sallyport/core';
import { type Checkpoint, parseCheckpoint, signedBy } from './checkpoint.ts';
import { leafHash, verifyInclusion } from './merkle.ts';
import { fromBase64, type Note, parseNote } from './note.ts';
import { heldNumber, sixtyFourBits } from './sixty-four-bits.ts';
import { HASH_BYTES } from './tile.ts';
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
  const line = lines.shift() ?? '';
  const index = line.startsWith('index ') ? sixtyFourBits(line.slice(6)) : null;
  if (index === null) throw wrong('it names no entry');
  if (lines.length > HASHES_MAX) throw wrong(`it has over ${HASHES_MAX} hashes`);
  const hashes = lines.map((line) => {
    const hash = fromBase64(line);
    if (hash?.length !== HASH_BYTES) throw wrong('a hash is malformed');
    return hash;
  });
  const proof = { index: heldNumber(index), hashes, extra, note: text.slice(split + 2) };
  if (formatProof(proof) !== text) throw wrong('it is not written as proofs are');
  parseNote(proof.note);
  return proof;
}

/** One witness that cosigned. */
export interface Cosigned {
  readonly name: string;
  /** Seconds since 1970; of two signatures the later. */
  readonly at: number;
}

/** Whose word is asked for besides that of the log. */
export interface WitnessPolicy {
  /** Those of one name are of one witness: it counts where one of each kind has cosigned. */
  readonly keys: readonly VerifierKey[];
  /** How many witnesses must have cosigned; all that are named if left out. */
  readonly quorum?: number | undefined;
}

/** What a proof proves. */
export interface ProvenEntry {
  readonly entry: Uint8Array;
  readonly index: number;
  readonly checkpoint: Checkpoint;
  /** Seconds since 1970 at which each key of the log signed that did, in the order in which they were given; 0 where a signature says no time. */
  readonly signedAt: readonly number[];
  /** Of those that were named. */
  readonly witnesses: readonly Cosigned[];
}

/** The first kind of key of which none has signed; null where one of each has. */
const unsignedKind = (
  keys: readonly VerifierKey[],
  signed: ReadonlyMap<VerifierKey, number>,
): VerifierKey | null =>
  keys.find((key) => !keys.some((other) => other.type === key.type && signed.has(other))) ?? null;

/** Times at which keys of a log signed: one of each kind must have, since one of a kind may have been replaced. */
function logTimes(note: Note, origin: string, keys: readonly VerifierKey[]): number[] {
  const own = keys.filter(({ name }) => name === origin);
  if (own.length === 0)
    throw new CodedError(
      'ledger-corrupt',
      keys.length === 0
        ? 'name a key of the log'
        : `the checkpoint is of the log \`${origin}\`, of which no key was named`,
    );
  const signed = signedBy(note, own);
  const missing = unsignedKind(own, signed);
  if (missing)
    throw new CodedError(
      'ledger-corrupt',
      `the checkpoint is not signed by \`${missing.name}\` (${missing.type})`,
    );
  return [...signed.values()];
}

/** Which witnesses cosigned. */
function cosignedBy(note: Note, origin: string, { keys, quorum }: WitnessPolicy): Cosigned[] {
  if (keys.some(({ name }) => name === origin))
    throw new CodedError('ledger-corrupt', `\`${origin}\` is the log, and no witness of its own`);
  const signed = signedBy(note, keys);
  const byName = Map.groupBy(keys, ({ name }) => name);
  const cosigned = [...byName]
    .filter(([, own]) => unsignedKind(own, signed) === null)
    .map(([name, own]) => ({ name, at: Math.max(...own.map((key) => signed.get(key) ?? 0)) }));
  const wanted = quorum ?? byName.size;
  if (cosigned.length < wanted)
    throw new CodedError(
      'ledger-corrupt',
      `the checkpoint is cosigned by ${cosigned.length} of the witnesses named, and must be by ${wanted}`,
    );
  return cosigned;
}

/**
 * Checks a proof that carries its entry (https://c2sp.org/tlog-proof): the log of the checkpoint's origin has signed it, so
 * have witnesses where they are named, and the entry is in the tree of it.
 * @param logKeys keys of one log or more, each under the name of its origin: of that log, one of each kind must have signed
 * @throws CodedError `ledger-corrupt` with words about what does not hold
 */
export function verifyProof(
  text: string,
  logKeys: readonly VerifierKey[],
  witnesses: WitnessPolicy = { keys: [] },
): ProvenEntry {
  const { index, extra, hashes, note: signed } = parseProof(text);
  const note = parseNote(signed);
  const checkpoint = parseCheckpoint(note.text);
  const { origin, size, root } = checkpoint;
  const times = logTimes(note, origin, logKeys);
  const cosigned = cosignedBy(note, origin, witnesses);
  if (!verifyInclusion(leafHash(extra), index, size, hashes, root))
    throw new CodedError('ledger-corrupt', 'the entry is not in the log that the checkpoint is of');
  return { entry: extra, index, checkpoint, signedAt: times, witnesses: cosigned };
}
