import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { CodedError } from '@sallyport/core';
import { streamNonce } from '../stream-nonce.ts';
import { withoutArmor } from './armor.ts';
import { type AgeHeader, ageFault, formatHeader, headerIsWhole, parseHeader } from './header.ts';
import type { AgeIdentity, AgeRecipient } from './recipients.ts';

const FILE_KEY_BYTES = 16;
const NONCE_BYTES = 16;
const TAG_BYTES = 16;
const CHUNK_BYTES = 64 * 1024;
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;

const payloadKey = (fileKey: Uint8Array, nonce: Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));

/** Pieces as chunks of one size; the last may be shorter, and is told. */
async function* chunksOf(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly isLast: boolean }> {
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    held = held.length === 0 ? Buffer.from(piece) : Buffer.concat([held, piece]);
    let at = 0;
    for (; held.length - at > size; at += size) yield { bytes: held.subarray(at, at + size), isLast: false };
    held = Buffer.from(held.subarray(at));
  }
  yield { bytes: held, isLast: true };
}

/**
 * Encrypts what comes in pieces (age-encryption.org/v1), in memory for one chunk.
 * @throws CodedError `usage` where recipients do not go together
 */
export async function* encryptAge(
  recipients: readonly AgeRecipient[],
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (recipients.length === 0) throw new CodedError('usage', 'name whom it is for');
  if (recipients.length > 1 && recipients.some(({ isAlone }) => isAlone))
    throw new CodedError('usage', 'a passphrase stands alone: name no recipients beside it');
  if (new Set(recipients.map(({ isQuantumSafe }) => isQuantumSafe)).size > 1)
    throw new CodedError(
      'usage',
      'recipients that a quantum computer opens stand beside ones that it does not: name only `age1pq1…`, or none of them',
    );
  const fileKey = randomBytes(FILE_KEY_BYTES);
  yield formatHeader(
    recipients.map((recipient) => recipient.wrap(fileKey)),
    fileKey,
  );
  const nonce = randomBytes(NONCE_BYTES);
  yield nonce;
  const key = payloadKey(fileKey, nonce);
  let chunk = 0;
  for await (const { bytes, isLast } of chunksOf(pieces, CHUNK_BYTES)) {
    const cipher = createCipheriv('chacha20-poly1305', key, streamNonce(chunk++, isLast), {
      authTagLength: TAG_BYTES,
    });
    yield Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  }
}

function fileKeyOf(header: AgeHeader, identities: readonly AgeIdentity[]): Uint8Array {
  const { stanzas } = header;
  if (stanzas.length > 1 && stanzas.some(({ type }) => type === 'scrypt'))
    throw ageFault('a passphrase stands beside other ways into it');
  for (const identity of identities)
    for (const stanza of stanzas) {
      const fileKey = identity.unwrap(stanza, stanzas);
      if (!fileKey) continue;
      if (!headerIsWhole(header, fileKey)) throw ageFault('its header was changed');
      return fileKey;
    }
  throw new CodedError('sealed-content-unreadable', 'none of the keys given opens it');
}

/**
 * Decrypts what comes in pieces, armored or not. Each chunk is authentic before it is handed out, and it ends only where it was ended.
 * @throws CodedError `sealed-content-unreadable`
 */
export async function* decryptAge(
  identities: readonly AgeIdentity[],
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const iterator = withoutArmor(pieces);
  let held: Buffer = Buffer.alloc(0);
  let parsed: ReturnType<typeof parseHeader> = null;
  let ended = false;
  while (!ended && (parsed === null || held.length < parsed.end + NONCE_BYTES)) {
    const next = await iterator.next();
    if (next.done) ended = true;
    else held = Buffer.concat([held, next.value]);
    parsed ??= parseHeader(held);
  }
  if (!parsed) throw ageFault('its header is cut short');
  const fileKey = fileKeyOf(parsed.header, identities);
  if (held.length < parsed.end + NONCE_BYTES) throw ageFault('it is cut short');
  const key = payloadKey(fileKey, held.subarray(parsed.end, parsed.end + NONCE_BYTES));
  const first = held.subarray(parsed.end + NONCE_BYTES);
  async function* rest(): AsyncGenerator<Uint8Array> {
    yield first;
    while (!ended) {
      const next = await iterator.next();
      if (next.done) return;
      yield next.value;
    }
  }
  let chunk = 0;
  for await (const { bytes, isLast } of chunksOf(rest(), SEALED_CHUNK_BYTES)) {
    const end = bytes.length - TAG_BYTES;
    if (end < 0 || (end === 0 && chunk > 0)) throw ageFault('it is cut short');
    const decipher = createDecipheriv('chacha20-poly1305', key, streamNonce(chunk++, isLast), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(end));
    let plain: Buffer;
    try {
      plain = Buffer.concat([decipher.update(bytes.subarray(0, end)), decipher.final()]);
    } catch {
      throw ageFault('it was changed, or cut off');
    }
    yield plain;
  }
}
