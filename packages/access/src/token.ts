import { hash, randomBytes } from 'node:crypto';

/** A random token of 256 bits, for links and sessions; base64url. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of a token: SHA-256, hex. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Whether a JSON Web Token is written in the one way that base64url has for it (RFC 4648, section 3.5). */
export function isCanonical(token: string): boolean {
  const parts = token.split('.');
  return (
    parts.length === 3 && parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
  );
}
