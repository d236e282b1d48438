import { CodedError } from '@sallyport/core';

/** One signature of a note: who says to have made it, under which key, and the bytes. */
export interface NoteSignature {
  readonly name: string;
  /** 4 bytes: a hint, no proof. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** A signed note (https://c2sp.org/signed-note), parsed; its signatures are not checked. */
export interface Note {
  /** Ends in a line feed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const NOTE_CHARACTERS_MAX = 1_000_000;
const SIGNATURES_MAX = 100;
const KEY_ID_BYTES = 4;
const CONTROL = /[\0-\x09\x0b-\x1f]/;
const NAME = /^[^\p{White_Space}+]+$/u;
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const malformed = (why: string): CodedError =>
  new CodedError('ledger-corrupt', `it is no signed note: ${why}`);

/** Whether a name may sign: no spaces, no plus signs. */
export const isNoteName = (name: string): boolean => NAME.test(name);

/** Bytes in the one spelling that base64 with padding has. @returns null for any other */
export function fromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

/** Bytes of a note as text. @throws CodedError `ledger-corrupt` where they are no UTF-8 */
export function noteText(bytes: Uint8Array): string {
  try {
    return UTF_8.decode(bytes);
  } catch {
    throw malformed('it is no UTF-8');
  }
}

/** Reads a note. Whatever it reads, {@link formatNote} prints identically. @throws CodedError `ledger-corrupt` */
export function parseNote(given: string | Uint8Array): Note {
  if (given.length > NOTE_CHARACTERS_MAX) throw malformed('it is too long');
  const note = typeof given === 'string' ? given : noteText(given);
  if (!note.isWellFormed()) throw malformed('it is no UTF-8');
  if (CONTROL.test(note)) throw malformed('it holds control characters');
  const split = note.lastIndexOf('\n\n');
  if (split < 0) throw malformed('it has no signatures');
  const block = note.slice(split + 2);
  if (block === '' || !block.endsWith('\n')) throw malformed('its last line has no end');
  const lines = block.slice(0, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) throw malformed(`it has over ${SIGNATURES_MAX} signatures`);
  return {
    text: note.slice(0, split + 1),
    signatures: lines.map((line): NoteSignature => {
      const [dash, name, base64, ...rest] = line.split(' ');
      const bytes = base64 === undefined ? null : fromBase64(base64);
      if (
        dash !== '—' ||
        !isNoteName(name ?? '') ||
        !bytes ||
        bytes.length <= KEY_ID_BYTES ||
        rest.length > 0
      )
        throw malformed('a signature is malformed');
      return { name: name!, keyId: bytes.subarray(0, KEY_ID_BYTES), signature: bytes.subarray(KEY_ID_BYTES) };
    }),
  };
}

/** One line of a signature. */
export const formatSignature = ({ name, keyId, signature }: NoteSignature): string =>
  `— ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;

/** A note as it is kept and sent. */
export const formatNote = ({ text, signatures }: Note): string =>
  `${text}\n${signatures.map(formatSignature).join('')}`;
