import { hash } from 'node:crypto';
import type { Severity } from './detection.ts';

/** Something that must be dealt with: many detections of one kind on one subject, under one fingerprint. */
export interface Finding {
  readonly fingerprint: string;
  readonly subject: string;
  readonly detector: string;
  readonly technique: string;
  readonly severity: Severity;
  readonly status: 'open' | 'resolved';
  readonly firstAt: string;
  readonly lastAt: string;
  readonly count: number;
  readonly demo: boolean;
}

/** The fingerprint under which detections aggregate: SHA-256 over subject, detector, technique; 16 hex digits. */
export function fingerprint(
  subject: string,
  detection: { readonly detector: string; readonly technique: string },
): string {
  return hash('sha256', `${subject}\n${detection.detector}\n${detection.technique}`, 'hex').slice(0, 16);
}
