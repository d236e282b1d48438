import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Apart,
  CodedError,
  clock,
  endApart,
  type ScanKind,
  startApart,
  whyEnded,
} from '@sallyport/core';
import type { DependencyReport, DiscoveryReport, ScanReport } from '@sallyport/scan';
import { log } from './log.ts';

/** What a process is to scan. */
export interface ScanJob {
  readonly kind: ScanKind;
  readonly paths: readonly string[];
  /** Logs of proxies and resolvers. */
  readonly logs?: readonly string[];
  /** Folder of imported advisories. */
  readonly advisories?: string;
  /** Names of folders that are left out. */
  readonly exclude?: readonly string[];
  /** Uses of AI that somebody decided on: fingerprints. */
  readonly decided?: readonly string[];
  /** File into which the process writes the name of what it reads next, as JSON. */
  readonly reading?: string;
  /** Files of which a process ended before, and why. */
  readonly failed?: ReadonlyMap<string, string>;
}

/** What came of it. */
export type ScanJobReport = ScanReport &
  Partial<Pick<DependencyReport, 'vulnerabilities' | 'advisories' | 'packages'>> &
  Partial<Pick<DiscoveryReport, 'hits' | 'logLines'>> & {
    /** Paths of which not all was read, or not all is told: what is not in the report may be in them. */
    readonly unclear: readonly string[];
  };

/** How a process answers. */
export type ScanJobAnswer = { readonly report: ScanJobReport } | { readonly fault: string };

/** Paths that a report of a scan that broke off names. */
const BROKEN_PATHS_MAX = 100;

/** What is said of paths whose scan broke off: none of them is known to be harmless. */
export function brokenReport(paths: readonly string[], why: string): ScanJobReport {
  const files = paths.slice(0, BROKEN_PATHS_MAX).map((path) => ({
    path,
    verdict: 'incomplete' as const,
    format: 'unreadable',
    bytes: 0,
    sha256: null,
    detections: [],
  }));
  const none = { malicious: 0, suspicious: 0, review: 0, clean: 0, unrecognised: 0 };
  const verdicts = { ...none, incomplete: files.length };
  log('error', 'a scan broke off', { fault: why });
  return {
    files,
    skipped: [],
    unclear: paths,
    summary: {
      files: paths.length,
      bytes: 0,
      verdict: 'incomplete',
      verdicts,
      detections: 0,
      unread: 0,
    },
  };
}

/** Files of which a process may end before its scan is given up. */
const FAILED_MAX = 32;

/** What a process was reading; null where it said nothing. */
function lastRead(path: string): string | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8').split('\n', 1)[0]!) as string;
  } catch {
    return null;
  }
}

/**
 * Scans as {@link runScanJob} does. A file of which its process ends costs only itself: it is told as not read, and the scan begins
 * again without it.
 * @param onStart is given each process
 * @param goOn whether a process that ended may have another after it
 * @throws CodedError as {@link runScanJob}
 */
export async function runWholeScanJob(
  job: ScanJob,
  onStart: (child: Apart) => void,
  goOn: () => boolean,
): Promise<ScanJobReport> {
  // Those of models have a process for each file.
  if (job.kind === 'model-files') return runScanJob(job, onStart);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-scan-'));
  const reading = join(folder, 'reading');
  const failed = new Map<string, string>();
  const endsMs = clock.nowMs() + SCAN_MS_MAX;
  try {
    for (;;) {
      try {
        return await runScanJob({ ...job, reading, failed }, onStart, Math.max(1, endsMs - clock.nowMs()));
      } catch (fault) {
        const name = lastRead(reading);
        const { code, message } = fault as CodedError;
        const isOver = code !== 'internal' || clock.nowMs() >= endsMs || failed.size >= FAILED_MAX;
        if (name === null || failed.has(name) || isOver || !goOn()) throw fault;
        log('warn', 'a scan begins again without a file of which it ended', { file: name, fault: message });
        failed.set(name, message);
        rmSync(reading, { force: true });
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Longest that a scan may take: one that does not end would keep its place for good. */
const SCAN_MS_MAX = 4 * 3_600_000;
/** Of these it has all but a while for itself, in which it says what it did not come to. */
export const RUN_MS_MAX = SCAN_MS_MAX - 15 * 60_000;
/** Megabytes of JavaScript memory a scan may use; what is read of files lies beside it. */
const HEAP_MEGABYTES_MAX = 2048;

/**
 * Scans in a process of its own: what answers calls and keeps the record does not wait for it, and is not brought down with it.
 * @param onStart is given the process, to end it before its time
 * @param msMax longest that it may take
 * @throws CodedError `usage` for paths that are not there, `internal` where the process died or took too long
 */
export function runScanJob(
  job: ScanJob,
  onStart: (child: Apart) => void = () => {},
  msMax = SCAN_MS_MAX,
): Promise<ScanJobReport> {
  return new Promise((resolve, reject) => {
    const child = startApart(new URL('./scan-job-process.ts', import.meta.url), HEAP_MEGABYTES_MAX);
    onStart(child);
    const timer = setTimeout(() => {
      reject(
        new CodedError('internal', `the scan did not end within ${msMax / 60_000} minutes and was ended`),
      );
      endApart(child);
    }, msMax).unref();
    child.once('message', (answer: ScanJobAnswer) => {
      if ('report' in answer) resolve(answer.report);
      else reject(new CodedError('usage', answer.fault));
    });
    child.once('error', (fault) => {
      clearTimeout(timer);
      reject(new CodedError('internal', `the scan failed: ${fault.message}`));
    });
    child.once('exit', (_, signal) => {
      clearTimeout(timer);
      reject(new CodedError('internal', `the scan ended without an answer: ${whyEnded(signal)}`));
    });
    child.send(job, () => {});
  });
}
