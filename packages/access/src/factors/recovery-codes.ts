import { hash, randomBytes } from 'node:crypto';
import { base32 } from './totp.ts';

/** How many codes somebody gets at a time. */
export const RECOVERY_CODES = 10;
/** 120 random bits: enough that a plain hash protects them (ASVS 5.0, 6.5.2). */
const CODE_BYTES = 15;

/** Codes to write down, as they are shown: four groups of six characters. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODES }, () =>
    base32(randomBytes(CODE_BYTES)).toLowerCase().match(/.{6}/g)!.join('-'),
  );
}

/** What is stored of a code: it is bound to the person. Case, blanks and hyphens do not matter. */
export function recoveryHash(personId: string, code: string): string {
  return hash('sha256', `recovery ${personId} ${code.toUpperCase().replaceAll(/[^A-Z2-7]/g, '')}`, 'hex');
}
