import type { FileDetection } from '@sallyport/core';
import { type BudgetLimits, DEFAULT_BUDGET } from './budget.ts';
import { type ByteSource, FileSource } from './bytes/byte-source.ts';
import { digestOf } from './bytes/digest.ts';
import { FileScan, Inspection } from './inspection.ts';
import { AllowList, shippedGroups } from './pickle/allow-list.ts';
import type { ScanCache } from './scan-cache.ts';
import type { FileVerdict } from './techniques.ts';

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
  readonly cache?: ScanCache | null | undefined;
}

/** Files up to this size are read whole anyway. */
const DIGEST_BYTES_MAX = 256 * 1024 * 1024;

let shippedList: AllowList | undefined;
const shipped = (): AllowList => {
  shippedList ??= new AllowList(shippedGroups());
  return shippedList;
};

/** Scans one source of bytes under a name. @param name shown in locations, and a hint at the format */
export async function scanSource(
  name: string,
  source: ByteSource,
  options: ScanOptions = {},
): Promise<FileReport> {
  const sha256 = (options.digest ?? source.size <= DIGEST_BYTES_MAX) ? digestOf(source) : null;
  const before = sha256 === null ? null : options.cache?.get(name, sha256);
  if (before) return before;
  const file = new FileScan(options.allowed ?? shipped(), { ...DEFAULT_BUDGET, ...options.budget });
  await new Inspection(file, name, source).run();
  const report: FileReport = {
    path: name,
    verdict: file.verdict,
    format: file.format ?? 'data',
    bytes: source.size,
    sha256,
    detections: file.detections,
  };
  options.cache?.put(report);
  return report;
}

/** Scans one file. @throws Error of the file system */
export async function scanFile(path: string, options: ScanOptions = {}): Promise<FileReport> {
  const source = FileSource.open(path);
  try {
    return await scanSource(path, source, options);
  } finally {
    source.close();
  }
}
