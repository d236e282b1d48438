import { hash, randomBytes } from 'node:crypto';

/** A random token of 256 bits, for links and sessions; base64url. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of a token: SHA-256, hex. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'hex');
}
