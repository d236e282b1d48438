import * as crypto from 'node:crypto';

/** Shortest password taken (NIST SP 800-63B-4 section 3.1.1.2, single factor). */
export const PASSWORD_CHARACTERS_MIN = 15;
const CHARACTERS_MAX = 256;
// OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, 2 passes, 1 lane at least.
const PARAMETERS = { parallelism: 1, tagLength: 32, memory: 65_536, passes: 3 } as const;

type Argon2 = (
  algorithm: 'argon2id',
  parameters: {
    message: Buffer;
    nonce: Buffer;
    parallelism: number;
    tagLength: number;
    memory: number;
    passes: number;
  },
  callback: (error: Error | null, key: Buffer) => void,
) => void;

// In Node since 24.7; the type declarations pinned here are older.
const argon2 = (crypto as unknown as { argon2: Argon2 }).argon2;

function derive(password: string, nonce: Buffer, parameters: typeof PARAMETERS): Promise<Buffer> {
  const message = Buffer.from(password.normalize('NFC'));
  return new Promise((done, fail) => {
    argon2('argon2id', { message, nonce, ...parameters }, (error, key) => (error ? fail(error) : done(key)));
  });
}

/** argon2id (RFC 9106) in PHC string format. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = crypto.randomBytes(16);
  const key = await derive(password, nonce, PARAMETERS);
  const b64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  return `$argon2id$v=19$m=${PARAMETERS.memory},t=${PARAMETERS.passes},p=${PARAMETERS.parallelism}$${b64(nonce)}$${b64(key)}`;
}

let dummy: Promise<string> | null = null;

/** A hash to compare with where there is no administrator; made when first needed. */
function dummyHash(): Promise<string> {
  dummy ??= hashPassword('no such administrator');
  return dummy;
}

/** Whether a password matches; takes as long when there is no such administrator (`stored` null). */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(
    stored ?? (await dummyHash()),
  );
  if (!match || password.length > CHARACTERS_MAX) return false;
  const expected = Buffer.from(match[5]!, 'base64');
  const key = await derive(password, Buffer.from(match[4]!, 'base64'), PARAMETERS);
  return crypto.timingSafeEqual(key, expected) && stored !== null;
}
