import { realpathSync } from 'node:fs';
import type { FileDetection } from '@sallyport/core';
import { type BudgetLimits, DEFAULT_BUDGET } from './budget.ts';
import { type ByteSource, FileSource } from './bytes/byte-source.ts';
import { digestOf } from './bytes/digest.ts';
import { FileScan, Inspection } from './inspection.ts';
import { AllowList, shippedGroups } from './pickle/allow-list.ts';
import type { ReportMemory } from './scan-cache.ts';
import type { FileVerdict } from './techniques.ts';
import type { PathBytes } from './tree/path-bytes.ts';

/** What was found in one file. */
export interface FileReport {
  readonly path: string;
  readonly verdict: FileVerdict;
  /** The format it is taken for; `data` where nothing is known of it. */
  readonly format: string;
  readonly bytes: number;
  /** Hexadecimal; `null` where it was not asked for and the file is large. */
  readonly sha256: string | null;
  readonly detections: readonly FileDetection[];
}

/** How files are scanned. */
export interface ScanOptions {
  readonly allowed?: AllowList;
  readonly budget?: Partial<BudgetLimits>;
  /** Whether files are read whole for their digest: where nothing is said, only those that are not large. */
  readonly digest?: boolean | undefined;
  /** What was found before; only for files that are read whole for their digest. */
  readonly cache?: ReportMemory | null | undefined;
  /** What was hashed before, by {@link FileSource.identity}: several names of one content are read once. */
  readonly digests?: Map<string, string> | undefined;
  /** What is left of the run, milliseconds: no file takes longer. */
  readonly leftMs?: number | undefined;
}

/** Files up to this size are read whole anyway. */
const DIGEST_BYTES_MAX = 256 * 1024 * 1024;

let shippedList: AllowList | undefined;
const shipped = (): AllowList => {
  shippedList ??= new AllowList(shippedGroups());
  return shippedList;
};

const identityOf = (source: ByteSource): string | null =>
  source instanceof FileSource ? source.identity : null;

/** Scans one source of bytes under a name. @param name shown in locations, and a hint at the format */
export async function scanSource(
  name: string,
  source: ByteSource,
  options: ScanOptions = {},
): Promise<FileReport> {
  const identity = identityOf(source);
  const sha256 = (options.digest ?? source.size <= DIGEST_BYTES_MAX) ? digestOnce(source, options) : null;
  const before = sha256 === null ? null : options.cache?.get(name, sha256);
  if (before && identityOf(source) === identity) return before;
  const limits = { ...DEFAULT_BUDGET, ...options.budget };
  const timeMs = Math.min(limits.timeMs, options.leftMs ?? limits.timeMs);
  const file = new FileScan(options.allowed ?? shipped(), { ...limits, timeMs });
  await new Inspection(file, name, source).run();
  // What was hashed and what was looked at may be two contents: neither is known by the other's name.
  const isSame = identityOf(source) === identity;
  if (!isSame) file.add('unreadable', 'changed while it was read', { path: name });
  file.end(name);
  const report: FileReport = {
    path: name,
    verdict: file.verdict,
    format: file.format ?? 'data',
    bytes: source.size,
    sha256: isSame ? sha256 : null,
    detections: file.detections,
  };
  if (isSame) options.cache?.put(report);
  return report;
}

/** Digests that are kept of one run. */
const DIGESTS_MAX = 100_000;

function digestOnce(source: ByteSource, { digests, leftMs }: ScanOptions): string {
  if (!digests || !(source instanceof FileSource)) return digestOf(source, leftMs);
  const { identity } = source;
  const before = digests.get(identity);
  if (before !== undefined) return before;
  const sha256 = digestOf(source, leftMs);
  // What was written to meanwhile is not what its identity says.
  if (digests.size < DIGESTS_MAX && source.identity === identity) digests.set(identity, sha256);
  return sha256;
}

/**
 * Scans one file; a link is followed.
 * @param name what reports call it
 * @param bounds as those of {@link FileSource.open}
 * @throws Error of the file system
 */
export async function scanFile(
  path: PathBytes,
  options: ScanOptions = {},
  name = path.toString(),
  bounds: readonly string[] | null = null,
): Promise<FileReport> {
  const source = FileSource.open(bounds === null ? realpathSync(path, { encoding: 'buffer' }) : path, bounds);
  try {
    return await scanSource(name, source, options);
  } finally {
    source.close();
  }
}
