/**
 * Who somebody is: API keys of programs, passwords and sessions of administrators.
 *
 * Call first: {@link issueKey} and {@link KeyRing}.
 * Do not trust it with: what somebody may do. That is `policy`.
 */
export { type IssuedKey, issueKey, KEY_PATTERN, KeyRing, type KeyVerdict } from './api-key.ts';
export { outsideScope, type ScopedCall } from './key-scope.ts';
export { hashPassword, PASSWORD_CHARACTERS_MIN, verifyPassword } from './password.ts';
export { newToken, tokenHash } from './token.ts';
