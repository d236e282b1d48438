import type { EvidenceSource, ProbeResult, SallyportEvent } from '@sallyport/core';
import type { Piece } from './posture.ts';

/** Evidence that is not there. */
export const absent = (what: string): Piece => ({ what, good: null, at: null });

/** The latest result of a probe as a piece of evidence. */
export async function probe(source: EvidenceSource, name: string, missing: string): Promise<Piece> {
  const result = (await source.probes()).find((item: ProbeResult) => item.probe === name);
  if (!result) return absent(missing);
  return result.passed === null
    ? absent(result.detail)
    : { what: result.detail, good: result.passed, at: result.at };
}

/** The last backup of data; one of keys alone brings no data back. */
export const lastBackup = (source: EvidenceSource): Promise<SallyportEvent | null> =>
  source.latestEvent('backup-made', undefined, { field: 'of', value: 'data' });

/** Oldest backup that says anything of how things are now. */
export const BACKUP_AGE_MS_MAX = 2 * 86_400_000;
