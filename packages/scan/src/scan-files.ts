import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CodedError } from '@sallyport/core';
import type { BudgetLimits } from './budget.ts';
import type { AllowedGroup } from './pickle/allow-list.ts';
import { AllowList, shippedGroups } from './pickle/allow-list.ts';
import { ScanCache } from './scan-cache.ts';
import { type FileReport, scanFile } from './scan-file.ts';
import { detection } from './technique.ts';
import { type FileVerdict, TECHNIQUES, VERDICTS } from './techniques.ts';

/** How many files are scanned, and how. */
export interface ScanManyOptions {
  /** Further names that this project allows. */
  readonly allowed?: readonly AllowedGroup[];
  readonly budget?: Partial<BudgetLimits>;
  /** As {@link ScanOptions.digest} of `scan-file.ts`. */
  readonly digest?: boolean | undefined;
  /** Folder of a cache: what was found in a content is found again without looking. */
  readonly cache?: string | undefined;
  /** Threads; 1 scans in this one. */
  readonly workers?: number;
  /** Told as files are done. */
  onProgress?(done: number, of: number): void;
}

/** What was found in all files. */
export interface ScanReport {
  /** One for each file, in the order of their paths. */
  readonly files: readonly FileReport[];
  readonly summary: {
    readonly files: number;
    readonly bytes: number;
    /** The worst verdict of any file. */
    readonly verdict: FileVerdict;
    readonly verdicts: Readonly<Record<FileVerdict, number>>;
    readonly detections: number;
  };
}

/** What a thread is given to begin with, and what it answers for each path. */
export interface ThreadSettings {
  readonly allowed: readonly AllowedGroup[];
  readonly budget: Partial<BudgetLimits>;
  readonly digest: boolean | undefined;
  readonly cache: string | undefined;
}
export type ThreadAnswer = { readonly index: number } & (
  | { readonly report: FileReport }
  | { readonly fault: string }
);

const FILES_MAX = 1_000_000;
/** Paths in flight in one thread: enough that it never waits. */
const AHEAD = 8;
/** Fewer files and bytes than these are done before a thread has begun. */
const FILES_FOR_THREADS = 8000;
const BYTES_FOR_THREADS = 64 * 1024 * 1024;

/**
 * Files at and below paths, sorted, each once, hidden folders among them. Links to files count, links to folders are not followed.
 * @param enters whether a folder below them is looked into
 * @throws CodedError `usage` for too many, Error of the file system for a path that is not there
 */
export function filesBelow(
  paths: readonly string[],
  enters: (folder: string) => boolean = () => true,
): string[] {
  const found: string[] = [];
  const walk = (path: string): void => {
    if (found.length >= FILES_MAX)
      throw new CodedError('usage', `there are over ${FILES_MAX} files; scan folders one by one`);
    for (const name of readdirSync(path).sort()) {
      const inner = join(path, name);
      const entry = lstatSync(inner);
      if (entry.isDirectory()) {
        if (enters(inner)) walk(inner);
      } else if (entry.isFile()) found.push(inner);
      else if (entry.isSymbolicLink()) {
        const target = statSync(inner, { throwIfNoEntry: false });
        if (target?.isFile()) found.push(inner);
      }
    }
  };
  for (const path of paths) {
    if (statSync(path).isDirectory()) walk(path);
    else found.push(path);
  }
  const seen = new Set<string>();
  return found.filter((path) => {
    const real = realpathSync(path);
    if (seen.has(real)) return false;
    seen.add(real);
    return true;
  });
}

/** A file that could not be read is incomplete: it is not known to be harmless. */
function unreadable(path: string, why: string): FileReport {
  const one = detection(TECHNIQUES.unreadable, 'unreadable', `cannot be read: ${why}`, { path });
  return {
    path,
    verdict: TECHNIQUES.unreadable.verdict,
    format: 'unreadable',
    bytes: 0,
    sha256: null,
    detections: [one],
  };
}

/** The cache that options name, for everything that they say besides. */
export const openCache = ({
  cache,
  allowed = [],
  budget = {},
}: Pick<ScanManyOptions, 'cache' | 'allowed' | 'budget'>): ScanCache | null =>
  cache === undefined ? null : new ScanCache(cache, JSON.stringify([allowed, budget]));

async function scanHere(paths: readonly string[], options: ScanManyOptions): Promise<FileReport[]> {
  const allowed = new AllowList([...shippedGroups(), ...(options.allowed ?? [])]);
  const { budget = {}, digest } = options;
  const cache = openCache(options);
  const reports: FileReport[] = [];
  for (const path of paths) {
    try {
      reports.push(await scanFile(path, { allowed, budget, digest, cache }));
    } catch (fault) {
      reports.push(unreadable(path, (fault as Error).message));
    }
    options.onProgress?.(reports.length, paths.length);
  }
  return reports;
}

/** Each thread asks for the next path when it has done one; one that dies costs only the file it died of. */
async function scanInThreads(
  paths: readonly string[],
  threads: number,
  options: ScanManyOptions,
): Promise<FileReport[]> {
  const reports = new Array<FileReport>(paths.length);
  let next = 0;
  let done = 0;
  const settings: ThreadSettings = {
    allowed: options.allowed ?? [],
    budget: options.budget ?? {},
    digest: options.digest,
    cache: options.cache,
  };
  const run = (): Promise<void> =>
    new Promise((resolve) => {
      const own = new Set<number>();
      const thread = new Worker(new URL('./scan-thread.ts', import.meta.url), { workerData: settings });
      const give = (): void => {
        while (own.size < AHEAD && next < paths.length) {
          own.add(next);
          thread.postMessage({ index: next, path: paths[next] });
          next++;
        }
        if (own.size === 0) void thread.terminate();
      };
      const settle = (index: number, report: FileReport): void => {
        own.delete(index);
        reports[index] = report;
        options.onProgress?.(++done, paths.length);
      };
      thread.on('message', (answer: ThreadAnswer) => {
        settle(
          answer.index,
          'report' in answer ? answer.report : unreadable(paths[answer.index]!, answer.fault),
        );
        give();
      });
      thread.on('error', (fault) => {
        // The first that was given is the one it was at.
        const [first] = own;
        if (first !== undefined)
          settle(first, unreadable(paths[first]!, `the scanner failed: ${(fault as Error).message}`));
        own.clear();
      });
      thread.on('exit', () => resolve());
      give();
    });
  await Promise.all(Array.from({ length: threads }, run));
  // What waited in a thread that died, and what nobody took up after it.
  for (let index = 0; index < paths.length; index++)
    if (reports[index] === undefined) {
      const [report] = await scanHere([paths[index]!], { ...options, onProgress: () => {} });
      reports[index] = report!;
    }
  return reports;
}

/** Scans files, and all files below folders. @throws Error of the file system for a path that is not there */
export async function scanFiles(
  paths: readonly string[],
  options: ScanManyOptions = {},
): Promise<ScanReport> {
  const files = filesBelow(paths);
  const bytes = files.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  const many = files.length >= FILES_FOR_THREADS || (files.length > 1 && bytes >= BYTES_FOR_THREADS);
  const threads = Math.min(options.workers ?? (many ? availableParallelism() : 1), files.length);
  const reports = threads > 1 ? await scanInThreads(files, threads, options) : await scanHere(files, options);
  return { files: reports, summary: summarise(reports) };
}

/** Counts of verdicts over files. */
export function summarise(files: readonly FileReport[]): ScanReport['summary'] {
  const verdicts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<FileVerdict, number>;
  for (const { verdict } of files) verdicts[verdict]++;
  return {
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    verdict: VERDICTS.find((verdict) => verdicts[verdict] > 0) ?? 'clean',
    verdicts,
    detections: files.reduce((sum, { detections }) => sum + detections.length, 0),
  };
}
