import { hash } from 'node:crypto';

/** JSON with the names of members in order, so that one thing has one text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}

/**
 * Digest of something that waits for approval, as it is shown: SHA-256 of its canonical JSON, hex. An approval carries it
 * back, and what has changed since is not approved.
 */
export const seenDigest = (shown: unknown): string => hash('sha256', canonical(shown), 'hex');
