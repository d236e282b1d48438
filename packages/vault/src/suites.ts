import type { Kem } from './hybrid/kem.ts';
import { MLKEM1024_P384 } from './hybrid/mlkem1024-p384.ts';
import { X_WING } from './hybrid/x-wing.ts';

/** How keys are wrapped under a name that every envelope carries. */
export interface WrappingSuite {
  readonly kem: Kem;
  readonly aead: 'aes-256-gcm';
  /** Where the parts are specified. */
  readonly source: string;
}

/** Every suite that opens; what is wrapped anew goes under {@link DEFAULT_SUITE} or the one that is configured. */
export const WRAPPING_SUITES = {
  'x-wing-aes-256-gcm': {
    kem: X_WING,
    aead: 'aes-256-gcm',
    source: 'RFC 9180 with X-Wing (draft-connolly-cfrg-xwing-kem), HKDF-SHA256, AES-256-GCM',
  },
  'mlkem1024-p384-aes-256-gcm': {
    kem: MLKEM1024_P384,
    aead: 'aes-256-gcm',
    source: 'RFC 9180 with MLKEM1024-P384 (draft-ietf-hpke-pq), HKDF-SHA256, AES-256-GCM',
  },
} as const satisfies Readonly<Record<string, WrappingSuite>>;
/** A name of {@link WRAPPING_SUITES}. */
export type SuiteName = keyof typeof WRAPPING_SUITES;
export const SUITE_NAMES = Object.keys(WRAPPING_SUITES) as SuiteName[];
export const DEFAULT_SUITE: SuiteName = 'x-wing-aes-256-gcm';

/** Whether a text names a suite. */
export const isSuite = (name: string): name is SuiteName => Object.hasOwn(WRAPPING_SUITES, name);
