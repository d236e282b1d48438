/**
 * The record: an append-only Merkle log in the C2SP tlog-tiles layout (https://c2sp.org/tlog-tiles), durable
 * before it acknowledges, with inclusion proofs and a verifier that needs only the files and the public key.
 *
 * Call first: {@link Ledger.open} to write, {@link verifyLedger} to check.
 * Do not trust it with: content. Leaves hold commitments; sealed content lies beside them, opaque to the log.
 */

export {
  type Checkpoint,
  isLineOf,
  type NoteSigner,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  signedAt,
  signedBy,
  verifierKeysOf,
  witnessKeys,
} from './checkpoint.ts';
export { readPlain } from './disk.ts';
export { type CopyContentCheck, fillLedger } from './fill.ts';
export type { JournalSigner } from './journal.ts';
export { Ledger } from './ledger.ts';
export type { CopiedFile } from './ledger-copy.ts';
export type { LeafProofs, LedgerOptions } from './ledger-options.ts';
export {
  consistencyProof,
  inclusionProof,
  leafHash,
  nodeHash,
  rootFromProof,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
export { formatNote, formatSignature, type Note, parseNote } from './note.ts';
export {
  formatProof,
  type LogProof,
  type ProvenEntry,
  parseProof,
  verifyProof,
  type WitnessPolicy,
} from './proof.ts';
export { strayFiles } from './stray.ts';
export { contentPath, entriesPath, TILE_WIDTH, tilePath } from './tile.ts';
export { CONTENT_HEADER_BYTES, contentBytes, contentRecords, readContent } from './tree-store.ts';
export { fileMark, VerifiedBundles } from './verified-bundles.ts';
export {
  formatVerifierKey,
  parseVerifierKey,
  VERIFIER_FILES,
  type VerifierKey,
  verifyRaw,
} from './verifier-key.ts';
export {
  type BelievedCheckpoint,
  type EntryVisitor,
  type LedgerProblem,
  type LedgerReport,
  NOTE_BYTES_MAX,
  type Reverifying,
  verifyLedger,
} from './verify.ts';
export { formatAddCheckpoint, Witness, type WitnessAnswer, type WitnessOptions } from './witness.ts';
