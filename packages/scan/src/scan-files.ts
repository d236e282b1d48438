import { availableParallelism } from 'node:os';
import { clock, endApart, startApart, whyEnded } from '@sallyport/core';
import { type BudgetLimits, DEFAULT_BUDGET } from './budget.ts';
import type { AllowedGroup } from './pickle/allow-list.ts';
import { AllowList, shippedGroups } from './pickle/allow-list.ts';
import { RunCeiling } from './run-ceiling.ts';
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
  /** Processes; 1 scans in this one. */
  readonly workers?: number;
  /** Whether even one file is scanned in a process of its own: what it brings down is that process. */
  readonly apart?: boolean;
  /** How much longer than it may a file is let take in a process before that is ended, milliseconds. */
  readonly graceMs?: number;
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
    /** Files and folders that the run did not come to: it had come to one of its limits. */
    readonly unread: number;
  };
}

/** Files and what they came to, whoever looked. */
export type JudgedFiles = Pick<ScanReport, 'files' | 'summary'>;

/** What a process is given to begin with, and what it answers for each path. */
export interface ProcessSettings {
  readonly allowed: readonly AllowedGroup[];
  readonly budget: Partial<BudgetLimits>;
  readonly digest: boolean | undefined;
  readonly cache: string | undefined;
  readonly bounds: readonly string[] | null;
}
/** What a process is to scan next. */
interface ProcessTask {
  readonly index: number;
  readonly name: string;
  readonly path: PathBytes;
  /** When the run ends, by `clock`. */
  readonly endsMs: number;
}
/** What a process is told. */
export type ProcessMessage = { readonly settings: ProcessSettings } | ProcessTask;
export type ProcessAnswer = { readonly index: number } & (
  | { readonly report: FileReport }
  | { readonly fault: string }
);

/** Paths in flight in one process: enough that it never waits, while no large file makes others wait behind it. */
const AHEAD = 8;
const AHEAD_BYTES = 64 * 1024 * 1024;
/** How much longer than it may a file is let take before its process is ended. */
const GRACE_MS = 30_000;
/** Megabytes of JavaScript memory one process may use: a file that needs more costs its process, and nothing else. */
const HEAP_MEGABYTES_MAX = 2048;
/** Fewer files and bytes than these are done before a process has begun. */
const FILES_FOR_PROCESSES = 8000;
const BYTES_FOR_PROCESSES = 64 * 1024 * 1024;

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

/** A file to which a run did not come. */
export const overLimit = (name: string, why: string): NotRead => ({
  name,
  technique: 'run-limit',
  message: `is not read: ${why}`,
});

/** Numbers of files, small ones first: one that is huge takes nothing from others. */
export const smallFirst = (files: readonly Pick<TreeFile, 'bytes'>[]): number[] =>
  Array.from(files, (_, at) => at).sort((a, b) => files[a]!.bytes - files[b]!.bytes || a - b);

async function scanHere(
  files: readonly TreeFile[],
  bounds: Tree['bounds'],
  options: ScanManyOptions,
  ceiling: RunCeiling,
): Promise<FileReport[]> {
  const allowed = new AllowList([...shippedGroups(), ...(options.allowed ?? [])]);
  const { budget = {}, digest } = options;
  const cache = new RunMemory(openCache(options));
  const digests = new Map<string, string>();
  const reports = new Array<FileReport>(files.length);
  let done = 0;
  for (const at of smallFirst(files)) {
    const { name, path, bytes } = files[at]!;
    const why = ceiling.refusal(bytes);
    if (why !== null) reports[at] = reportNotRead(overLimit(name, why));
    else
      try {
        const { leftMs } = ceiling;
        const settings = { allowed, budget, digest, cache, digests, leftMs };
        reports[at] = await scanFile(path, settings, name, bounds);
      } catch (fault) {
        reports[at] = unreadable(name, (fault as Error).message);
      }
    options.onProgress?.(++done, files.length);
  }
  return reports;
}

/** Each process asks for the next path when it has done one; one that dies costs only the file it died of. */
async function scanInProcesses(
  paths: readonly TreeFile[],
  bounds: Tree['bounds'],
  processes: number,
  options: ScanManyOptions,
  ceiling: RunCeiling,
): Promise<FileReport[]> {
  const reports = new Array<FileReport>(paths.length);
  // The last is taken first.
  const waiting = smallFirst(paths).reverse();
  const counted = new Set<number>();
  let done = 0;
  const settleAs = (index: number, report: FileReport): void => {
    reports[index] = report;
    options.onProgress?.(++done, paths.length);
  };
  /** The next file that may be read. */
  const next = (): number | undefined => {
    for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
      const { name, bytes } = paths[index]!;
      // What waited behind a file of which a process died was counted before.
      const why = counted.has(index) ? null : ceiling.refusal(bytes);
      if (why === null) return index;
      settleAs(index, reportNotRead(overLimit(name, why)));
    }
    return undefined;
  };
  const fileMs = options.budget?.timeMs ?? DEFAULT_BUDGET.timeMs;
  const settings: ProcessSettings = {
    allowed: options.allowed ?? [],
    budget: options.budget ?? {},
    digest: options.digest,
    cache: options.cache,
    bounds,
  };
  const run = (): Promise<void> =>
    new Promise((resolve) => {
      const own = new Set<number>();
      const child = startApart(new URL('./scan-process.ts', import.meta.url), HEAP_MEGABYTES_MAX);
      const tell = (message: ProcessMessage): void => void child.send(message, () => {});
      let why: string | null = null;
      let timer: NodeJS.Timeout | undefined;
      const ahead = (): number => [...own].reduce((sum, index) => sum + paths[index]!.bytes, 0);
      const give = (): void => {
        while (own.size === 0 || (own.size < AHEAD && ahead() < AHEAD_BYTES)) {
          const index = next();
          if (index === undefined) break;
          own.add(index);
          counted.add(index);
          const { name, path } = paths[index]!;
          const endsMs = clock.nowMs() + ceiling.leftMs;
          tell({ index, name, path, endsMs });
        }
        clearTimeout(timer);
        if (own.size === 0) return endApart(child);
        // Most formats look at the time by themselves. What does not is ended with its process.
        timer = setTimeout(
          () => {
            why = 'it took longer than it may';
            endApart(child);
          },
          fileMs + (options.graceMs ?? GRACE_MS),
        );
      };
      const settle = (index: number, report: FileReport): void => {
        own.delete(index);
        settleAs(index, report);
      };
      child.on('message', (answer: ProcessAnswer) => {
        settle(
          answer.index,
          'report' in answer ? answer.report : unreadable(paths[answer.index]!.name, answer.fault),
        );
        give();
      });
      let isOver = false;
      const over = (reason: string): void => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        // The first that was given is the one it was at; what waited behind it is another process's.
        const [first, ...others] = own;
        if (first !== undefined) {
          settle(first, unreadable(paths[first]!.name, `the scanner failed: ${why ?? reason}`));
          waiting.push(...others.reverse());
        }
        resolve();
      };
      child.on('error', (fault) => over(fault.message));
      child.on('exit', (_, signal) => over(whyEnded(signal)));
      tell({ settings });
      give();
    });
  await Promise.all(Array.from({ length: processes }, run));
  // A process that dies has done at least one file, if only by dying of it.
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

/** Scans files, and all files below folders. @throws CodedError `usage` for a cache that others can write to, Error of the file system for a path that is not there */
export async function scanFiles(
  paths: readonly string[],
  options: ScanManyOptions = {},
): Promise<ScanReport> {
  const ceiling = new RunCeiling(options.limits);
  // A cache that may not be used is told at once, and not by each process.
  openCache(options);
  const tree = walkTree(paths, options, ceiling);
  const { files, bounds, skipped } = tree;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const many = files.length >= FILES_FOR_PROCESSES || (files.length > 1 && bytes >= BYTES_FOR_PROCESSES);
  const processes = Math.min(options.workers ?? (many ? availableParallelism() : 1), files.length);
  const read =
    processes > 1 || (options.apart === true && files.length > 0)
      ? await scanInProcesses(files, bounds, Math.max(1, processes), options, ceiling)
      : await scanHere(files, bounds, options, ceiling);
  const reports = inOrder(read, tree);
  return { files: reports, skipped, summary: summarise(reports, 'unrecognised') };
}

/** Whether a run did not come to a file or folder. */
export const isOverLimit = ({ detections }: FileReport): boolean =>
  detections.some(({ technique }) => technique === 'run-limit');

/** Counts of verdicts over files. @param none the verdict where there is no file */
export function summarise(files: readonly FileReport[], none: FileVerdict = 'clean'): ScanReport['summary'] {
  const verdicts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<FileVerdict, number>;
  for (const { verdict } of files) verdicts[verdict]++;
  return {
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    verdict: VERDICTS.find((verdict) => verdicts[verdict] > 0) ?? none,
    verdicts,
    detections: files.reduce((sum, { detections }) => sum + detections.length, 0),
    unread: files.filter(isOverLimit).length,
  };
}
