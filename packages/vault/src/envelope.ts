import { CodedError } from '@sallyport/core';
import { hpkeOpen, hpkeSeal } from './hybrid/hpke.ts';
import { encodeContext, type KeyContext } from './key-context.ts';
import { isSuite, type SuiteName, WRAPPING_SUITES } from './suites.ts';

/** A wrapped key: which suite, under which key, and what came out. */
export interface Envelope {
  readonly suite: SuiteName;
  /** Id of the key that it was wrapped under. */
  readonly keyId: string;
  readonly encapsulated: Uint8Array;
  readonly sealed: Uint8Array;
}

const HEAD = 'sallyport-key/1';
const KEY_ID = /^[a-z]{3}_[0-9a-z]{1,40}$/;
const SEALED_BYTES_MAX = 16_384;

const malformed = (why: string): CodedError =>
  new CodedError('sealed-content-unreadable', `the wrapped key is malformed: ${why}`);

/** Base64url without padding, in the one spelling that bytes have. @throws CodedError `sealed-content-unreadable` */
function decode(text: string, what: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw malformed(`${what} is no base64url`);
  return bytes;
}

/** One line of text. {@link parseEnvelope} reads it, and whatever it reads prints identically. */
export const formatEnvelope = ({ suite, keyId, encapsulated, sealed }: Envelope): string =>
  [
    HEAD,
    suite,
    keyId,
    Buffer.from(encapsulated).toString('base64url'),
    Buffer.from(sealed).toString('base64url'),
  ].join(' ');

/** Reads one line. @throws CodedError `sealed-content-unreadable` */
export function parseEnvelope(text: string): Envelope {
  const [head, suite, keyId, encapsulated, sealed, ...rest] = text.split(' ');
  if (head !== HEAD || sealed === undefined || rest.length > 0) throw malformed('it has other parts');
  if (!isSuite(suite!)) throw malformed(`there is no suite \`${suite!.slice(0, 40)}\``);
  if (!KEY_ID.test(keyId!)) throw malformed('it names no key');
  const body = decode(sealed, 'what is sealed');
  const sent = decode(encapsulated!, 'what is sent along');
  if (body.length > SEALED_BYTES_MAX) throw malformed('it is too long');
  if (sent.length !== WRAPPING_SUITES[suite].kem.encapsulatedBytes) throw malformed('it is cut short');
  return { suite, keyId: keyId!, encapsulated: sent, sealed: body };
}

/** The key that a wrapping is under, without reading all of it. */
export const envelopeKeyId = (line: string): string => line.split(' ', 3)[2] ?? '';

/** Wraps a key to a public key. @param context bound to it: unwrapping needs the same */
export function wrapKey(
  suite: SuiteName,
  keyId: string,
  publicKey: Uint8Array,
  context: KeyContext,
  key: Uint8Array,
): Envelope {
  const { kem, aead } = WRAPPING_SUITES[suite];
  return { suite, keyId, ...hpkeSeal(kem, aead, publicKey, encodeContext(context), key) };
}

/** Unwraps. @throws CodedError `sealed-content-unreadable` for another key, another context, or a changed byte */
export function unwrapKey(envelope: Envelope, seed: Uint8Array, context: KeyContext): Uint8Array {
  const { kem, aead } = WRAPPING_SUITES[envelope.suite];
  return hpkeOpen(kem, aead, seed, encodeContext(context), envelope);
}
