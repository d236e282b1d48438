import { hash, randomBytes } from 'node:crypto';

/** A random token of 256 bits, for links and sessions; base64url. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of a token: SHA-256, hex. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'hex');
}

/**
 * What is stored of the token of a session. One that a page began is bound to what that page holds: the cookie alone,
 * which other programs on this machine get to see, opens nothing.
 * @param page hash of what the page holds; null for a session of no page
 */
export const sessionHash = (token: string, page: string | null): string =>
  tokenHash(page === null ? token : `${token} ${page}`);

/** Whether a JSON Web Token is written in the one way that base64url has for it (RFC 4648, section 3.5). */
export function isCanonical(token: string): boolean {
  const parts = token.split('.');
  return (
    parts.length === 3 && parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
  );
}
