import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { BudgetLimits } from './budget.ts';
import type { AllowedGroup } from './pickle/allow-list.ts';
import { AllowList, shippedGroups } from './pickle/allow-list.ts';
import { RunMemory, ScanCache } from './scan-cache.ts';
import { type FileReport, scanFile } from './scan-file.ts';
import { detection, worstVerdict } from './technique.ts';
import { type FileVerdict, TECHNIQUES, VERDICTS } from './techniques.ts';
import type { SkippedFolder } from './tree/passed-folders.ts';
import type { PathBytes } from './tree/path-bytes.ts';
import { type NotRead, type Tree, type TreeFile, type WalkOptions, walkTree } from './tree/walk-tree.ts';

/** How many files are scanned, and how. */
export interface ScanManyOptions extends WalkOptions {
  /** Further names that this project allows. */
  readonly allowed?: readonly AllowedGroup[];
  readonly budget?: Partial<BudgetLimits>;
  /** As {@link ScanOptions.digest} of `scan-file.ts`. */
  readonly digest?: boolean | undefined;
  /** Folder of a cache: what was found in a content is found again without looking. */
  readonly cache?: string | undefined;
  /** Threads; 1 scans in this one. */
  readonly workers?: number;
  /** Whether even one file is scanned in a thread of its own: what it brings down is that thread. */
  readonly apart?: boolean;
  /** Told as files are done. */
  onProgress?(done: number, of: number): void;
}

/** What was found in all files. */
export interface ScanReport {
  /** One for each name, in the order of their paths; those that were not read among them. */
  readonly files: readonly FileReport[];
  /** Folders that were passed over by their name. */
  readonly skipped: readonly SkippedFolder[];
  readonly summary: {
    readonly files: number;
    readonly bytes: number;
    /** The worst verdict of any file. */
    readonly verdict: FileVerdict;
    readonly verdicts: Readonly<Record<FileVerdict, number>>;
    readonly detections: number;
  };
}

/** Files and what they came to, whoever looked. */
export type JudgedFiles = Pick<ScanReport, 'files' | 'summary'>;

/** What a thread is given to begin with, and what it answers for each path. */
export interface ThreadSettings {
  readonly allowed: readonly AllowedGroup[];
  readonly budget: Partial<BudgetLimits>;
  readonly digest: boolean | undefined;
  readonly cache: string | undefined;
  readonly bounds: readonly string[] | null;
}
/** What a thread is to scan next. */
export interface ThreadTask {
  readonly index: number;
  readonly name: string;
  readonly path: PathBytes;
}
export type ThreadAnswer = { readonly index: number } & (
  | { readonly report: FileReport }
  | { readonly fault: string }
);

/** Paths in flight in one thread: enough that it never waits. */
const AHEAD = 8;
/** Megabytes of JavaScript memory one thread may use: a file that needs more costs its thread, and nothing else. */
const HEAP_MEGABYTES_MAX = 2048;
/** Fewer files and bytes than these are done before a thread has begun. */
const FILES_FOR_THREADS = 8000;
const BYTES_FOR_THREADS = 64 * 1024 * 1024;

/** What is told of a name behind which nothing was read. */
export function reportNotRead({ name: path, technique, message }: NotRead): FileReport {
  const one = detection(TECHNIQUES[technique], technique, message, { path });
  return {
    path,
    verdict: TECHNIQUES[technique].verdict,
    format: 'unreadable',
    bytes: 0,
    sha256: null,
    detections: [one],
  };
}

/** A file that could not be read is incomplete: it is not known to be harmless. */
const unreadable = (name: string, why: string): FileReport =>
  reportNotRead({ name, technique: 'unreadable', message: `cannot be read: ${why}` });

/** The cache that options name, for everything that they say besides. */
export const openCache = ({
  cache,
  allowed = [],
  budget = {},
}: Pick<ScanManyOptions, 'cache' | 'allowed' | 'budget'>): ScanCache | null =>
  cache === undefined ? null : new ScanCache(cache, JSON.stringify([allowed, budget]));

async function scanHere(
  files: readonly TreeFile[],
  bounds: Tree['bounds'],
  options: ScanManyOptions,
): Promise<FileReport[]> {
  const allowed = new AllowList([...shippedGroups(), ...(options.allowed ?? [])]);
  const { budget = {}, digest } = options;
  const cache = new RunMemory(openCache(options));
  const digests = new Map<string, string>();
  const reports: FileReport[] = [];
  for (const { name, path } of files) {
    try {
      reports.push(await scanFile(path, { allowed, budget, digest, cache, digests }, name, bounds));
    } catch (fault) {
      reports.push(unreadable(name, (fault as Error).message));
    }
    options.onProgress?.(reports.length, files.length);
  }
  return reports;
}

/** Each thread asks for the next path when it has done one; one that dies costs only the file it died of. */
async function scanInThreads(
  paths: readonly TreeFile[],
  bounds: Tree['bounds'],
  threads: number,
  options: ScanManyOptions,
): Promise<FileReport[]> {
  const reports = new Array<FileReport>(paths.length);
  // The last is taken first.
  const waiting = Array.from(paths, (_, at) => paths.length - 1 - at);
  let done = 0;
  const settings: ThreadSettings = {
    allowed: options.allowed ?? [],
    budget: options.budget ?? {},
    digest: options.digest,
    cache: options.cache,
    bounds,
  };
  const run = (): Promise<void> =>
    new Promise((resolve) => {
      const own = new Set<number>();
      const thread = new Worker(new URL('./scan-thread.ts', import.meta.url), {
        workerData: settings,
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX },
      });
      const give = (): void => {
        while (own.size < AHEAD && waiting.length > 0) {
          const index = waiting.pop()!;
          own.add(index);
          const { name, path } = paths[index]!;
          thread.postMessage({ index, name, path } satisfies ThreadTask);
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
          'report' in answer ? answer.report : unreadable(paths[answer.index]!.name, answer.fault),
        );
        give();
      });
      let why = 'its thread ended';
      thread.on('error', (fault) => {
        why = (fault as Error).message;
      });
      thread.on('exit', () => {
        // The first that was given is the one it was at; what waited behind it is another thread's.
        const [first, ...others] = own;
        if (first !== undefined) {
          settle(first, unreadable(paths[first]!.name, `the scanner failed: ${why}`));
          waiting.push(...others.reverse());
        }
        resolve();
      });
      give();
    });
  await Promise.all(Array.from({ length: threads }, run));
  // A thread that dies has done at least one file, if only by dying of it.
  while (waiting.length > 0) await run();
  return reports;
}

/** A report with what its name alone says. */
function withTwin(report: FileReport): FileReport {
  const message = 'differs only by case or form from the name beside it';
  const one = detection(TECHNIQUES['name-twins'], 'name-twins', message, { path: report.path });
  const verdict = worstVerdict(report.verdict, TECHNIQUES['name-twins'].verdict);
  return { ...report, verdict, detections: [...report.detections, one] };
}

/** Reports in the order of their paths, of what was read and of what was not. */
export function inOrder(read: readonly FileReport[], tree: Tree): FileReport[] {
  const told = read.map((report) => (tree.twins.has(report.path) ? withTwin(report) : report));
  if (tree.notRead.length === 0) return told;
  return [...told, ...tree.notRead.map(reportNotRead)].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Scans files, and all files below folders. @throws Error of the file system for a path that is not there */
export async function scanFiles(
  paths: readonly string[],
  options: ScanManyOptions = {},
): Promise<ScanReport> {
  const tree = walkTree(paths, options);
  const { files, bounds, skipped } = tree;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const many = files.length >= FILES_FOR_THREADS || (files.length > 1 && bytes >= BYTES_FOR_THREADS);
  const threads = Math.min(options.workers ?? (many ? availableParallelism() : 1), files.length);
  const read =
    threads > 1 || (options.apart === true && files.length > 0)
      ? await scanInThreads(files, bounds, Math.max(1, threads), options)
      : await scanHere(files, bounds, options);
  const reports = inOrder(read, tree);
  return { files: reports, skipped, summary: summarise(reports) };
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
