import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  cosignature,
  type NoteSigner,
  signCheckpoint,
  verifierKeysOf,
  witnessKeys,
} from '../../src/checkpoint.ts';
import { consistencyProof, leafHash, rootOf } from '../../src/merkle.ts';
import { formatNote, type NoteSignature, parseNote } from '../../src/note.ts';
import { testSigner } from '../signer.ts';

/** A log, its keys, and what it signed. */
export const log = testSigner('example.com/log');
/** Its Ed25519 key and its ML-DSA-44 key. */
export const [classic, lattice] = verifierKeysOf(log);
export const folder = (): string => mkdtempSync(join(tmpdir(), 'ledger-'));
export const leaves = (count: number, salt = ''): Buffer[] =>
  Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`${salt}${i}`)));
export const root = leafHash(Buffer.from('x'));
export const base64 = root.toString('base64');

export const history = leaves(40);
export const noteOf = (size: number, of: readonly Buffer[] = history, by = log): string =>
  signCheckpoint({ origin: by.name, size, root: rootOf(of.slice(0, size)) }, by, 1);
export const proofOf = (old: number, size: number, of: readonly Buffer[] = history): Promise<Buffer[]> =>
  consistencyProof(old, size, async (from, to) => rootOf(of.slice(from, to)));

/** A text as a log signs it with Ed25519, whatever it says. */
export const signedText = (text: string, by: NoteSigner = log): string =>
  formatNote({
    text,
    signatures: [
      { name: by.name, keyId: verifierKeysOf(by)[0].keyId, signature: by.sign(Buffer.from(text)) },
    ],
  });

/** A note with signatures put behind, or before, its own. */
export const withLines = (
  note: string,
  more: readonly NoteSignature[],
  before: readonly NoteSignature[] = [],
): string => {
  const { text, signatures } = parseNote(note);
  return formatNote({ text, signatures: [...before, ...signatures, ...more] });
};

/** The two lines by which a witness cosigns a note. */
export function cosignedLines(note: string, by: NoteSigner, seconds = 5): readonly NoteSignature[] {
  const { text } = parseNote(note);
  const [ed25519, mlDsa] = witnessKeys(by);
  return [
    cosignature(ed25519, text, seconds, (message) => by.sign(message)),
    cosignature(mlDsa, text, seconds, (message) => by.signQuantumSafe(message)),
  ];
}

export const refuses = (what: () => unknown): void => {
  assert.throws(what, { code: 'ledger-corrupt' });
};
