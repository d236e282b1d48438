import { randomFillSync } from 'node:crypto';
import { clock } from './clock.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const POOL_BYTES = 4096;
const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

function randomCharacters(count: number): string {
  if (used + count > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  let out = '';
  for (let i = 0; i < count; i++) out += ALPHABET[pool[used++]! & 31];
  return out;
}

/** Prefixes of the ids in use: exchange, event, key, detection, session, data key, key-encryption key, person, program, grant, group, factor, device, finding, review, its items, integration, family of refresh tokens, asset, its versions, attestation, deployment, source, assessment, scan, system. */
export type IdPrefix =
  | 'exc'
  | 'evt'
  | 'key'
  | 'det'
  | 'ses'
  | 'dek'
  | 'kek'
  | 'per'
  | 'prg'
  | 'grt'
  | 'grp'
  | 'fac'
  | 'dev'
  | 'fnd'
  | 'rev'
  | 'rvi'
  | 'int'
  | 'rft'
  | 'ast'
  | 'hld'
  | 'ver'
  | 'att'
  | 'dep'
  | 'src'
  | 'sor'
  | 'asm'
  | 'scn'
  | 'sys';

/**
 * A new id: prefix, 9 characters of milliseconds since 1970, 16 random ones (80 bits). Sorts by time.
 * @param nowMs wall-clock time in milliseconds
 */
export function newId(prefix: IdPrefix, nowMs: number = clock.nowMs()): string {
  return `${prefix}_${timeCharacters(nowMs)}${randomCharacters(16)}`;
}

function timeCharacters(ms: number): string {
  let time = '';
  let rest = ms;
  for (let i = 0; i < 9; i++) {
    time = ALPHABET[rest % 32]! + time;
    rest = Math.floor(rest / 32);
  }
  return time;
}

/** The lowest id with a prefix that may be made at a time. @param ms milliseconds since 1970 */
export function idOf(prefix: IdPrefix, ms: number): string {
  return `${prefix}_${timeCharacters(ms)}${'0'.repeat(16)}`;
}

/** When an id was made, in milliseconds since 1970. @param id one that {@link newId} made */
export function idTimeMs(id: string): number {
  let time = 0;
  for (const character of id.slice(4, 13)) time = time * 32 + ALPHABET.indexOf(character);
  return time;
}

/** Whether a text has the shape of an id with this prefix. */
export function isId(prefix: IdPrefix, text: string): boolean {
  return (
    text.length === prefix.length + 26 &&
    text.startsWith(`${prefix}_`) &&
    /^[a-z]{3}_[0-9a-z]{25}$/.test(text)
  );
}
