import { randomUUID } from 'node:crypto';
import { CodedError, shortened, visible, visibleJson } from '@sallyport/core';
import type { FileReport, RunLimits, ScanReport, SkippedFolder } from '@sallyport/scan';
import type { Command } from './commands.ts';
import type { Options } from './options.ts';
import { print, printJson } from './output.ts';
import { writeOutput } from './output-file.ts';

const SHOWN_MAX = 12;
const SKIPPED_MAX = 20;
const UNREAD_MAX = 20;
/** Files to look at that are shown one by one: a tree of packages has thousands of programs. */
const REVIEW_MAX = 200;
/** Files that one run may be told to read; more are never looked at. */
const DEFAULT_FILES_MAX = 1_000_000;
const PATH_CHARACTERS_MAX = 240;
/** Version that reports name as that of their tool. */
export const VERSION = '0.1.0';

/** A fault of the file system in words, where it is that a path is not there. */
export function namePath(fault: unknown): unknown {
  const { code, path } = fault as NodeJS.ErrnoException;
  return code === 'ENOENT' ? new CodedError('usage', `there is no \`${path}\``) : fault;
}

/** Options of every command that walks folders. */
export const WALK_OPTIONS = {
  exclude: { type: 'string', multiple: true },
  'follow-links': { type: 'boolean' },
  'max-seconds': { type: 'string' },
  'max-bytes': { type: 'string' },
  'max-files': { type: 'string' },
} as const satisfies Command['options'];

const SECONDS_MAX = 30 * 86_400;

/** The same in words. */
export const WALK_USAGE =
  '[--exclude NAME]… [--follow-links] [--max-seconds N] [--max-bytes N] [--max-files N]';

/** How folders are walked, and what the whole run may cost, out of the options. @throws CodedError `usage` */
export function walkOf(options: Options): {
  readonly exclude: readonly string[];
  readonly followLinks: boolean;
  readonly limits: Partial<RunLimits>;
} {
  const seconds = options.whole('max-seconds', 1, SECONDS_MAX);
  const bytes = options.whole('max-bytes', 1, Number.MAX_SAFE_INTEGER);
  const files = options.whole('max-files', 1, DEFAULT_FILES_MAX);
  return {
    exclude: options.texts('exclude'),
    followLinks: options.flag('follow-links'),
    limits: {
      ...(seconds === undefined ? {} : { timeMs: seconds * 1000 }),
      ...(bytes === undefined ? {} : { bytes }),
      ...(files === undefined ? {} : { files }),
    },
  };
}

/** Options of every command that makes a report of files. */
export const REPORT_OPTIONS = {
  ...WALK_OPTIONS,
  'allow-incomplete': { type: 'boolean' },
  cyclonedx: { type: 'string' },
  sarif: { type: 'string' },
  spdx: { type: 'string' },
} as const satisfies Command['options'];

/** The same in words. */
export const REPORT_USAGE = `${WALK_USAGE} [--allow-incomplete] [--sarif FILE] [--cyclonedx FILE] [--spdx FILE]`;

/** A path as it is shown: all of it, or its beginning and its end. */
export const shownPath = (path: string): string => shortened(visible(path), PATH_CHARACTERS_MAX);

function show({ path, verdict, format, detections }: FileReport): void {
  print(`${verdict.padEnd(10)}  ${shownPath(path)}  (${format})`);
  for (const { technique, message, location, severity } of detections.slice(0, SHOWN_MAX)) {
    const inner = location.path === path ? '' : ` in ${shownPath(location.path.slice(path.length + 1))}`;
    const place = [
      location.offset === undefined ? null : `at byte ${location.offset}`,
      location.opcode ?? null,
      location.line === undefined ? null : `line ${location.line}`,
      location.pointer ?? null,
    ].filter((part) => part !== null);
    print(
      `    ${severity.padEnd(8)}  ${technique}: ${message}${inner}${place.length > 0 ? ` (${place.join(', ')})` : ''}`,
    );
  }
  if (detections.length > SHOWN_MAX) print(`    … and ${detections.length - SHOWN_MAX} more`);
  const remedies = [...new Set(detections.map(({ remedy }) => remedy))];
  for (const remedy of remedies.slice(0, 3)) print(`    → ${remedy}`);
}

/** Says which folders were not looked into. */
export function skippedLines(skipped: readonly SkippedFolder[]): string[] {
  const lines = skipped.slice(0, SKIPPED_MAX).map(({ path, excluded, holds }) => {
    const why = excluded
      ? '--exclude'
      : holds === null
        ? 'by its name'
        : 'by its name, though it holds a model or lock file';
    return `skipped     ${shownPath(path)}  (${why})`;
  });
  const more = skipped.length - lines.length;
  return more > 0 ? [...lines, `skipped     … and ${more} more (--format json has all)`] : lines;
}

const isUnread = ({ detections: [first], format }: FileReport): boolean =>
  first?.technique === 'run-limit' && format === 'unreadable';

/** What the run did not come to, by name as far as there is room, and by number. */
function unreadLines(unread: readonly FileReport[]): string[] {
  if (unread.length === 0) return [];
  const names = unread.slice(0, UNREAD_MAX).map(({ path }) => `not read    ${shownPath(path)}`);
  const [first] = unread[0]!.detections;
  return [
    ...names,
    ...(unread.length > UNREAD_MAX
      ? [`not read    … and ${unread.length - UNREAD_MAX} more (--format json has all)`]
      : []),
    `${unread.length} not read: ${first!.message.replace(/^is not read: /, '')}`,
    `    → ${first!.remedy}`,
  ];
}

/** Files of which nothing is known, by name as far as there is room. */
function unknownLines(unknown: readonly FileReport[]): string[] {
  if (unknown.length === 0) return [];
  const names = unknown.slice(0, UNREAD_MAX).map(({ path }) => `unrecognised  ${shownPath(path)}`);
  const more = unknown.length - names.length;
  return [
    ...names,
    ...(more > 0 ? [`unrecognised  … and ${more} more (--format json has all)`] : []),
    `${unknown.length} not recognised: nothing is known of their formats, and nothing was looked for in them`,
  ];
}

function showAll(report: ScanReport): void {
  const skipped = skippedLines(report.skipped);
  if (skipped.length > 0) print(...skipped);
  const unread = report.files.filter(isUnread);
  const told = report.files.filter(
    (file) => file.verdict !== 'clean' && file.verdict !== 'unrecognised' && !isUnread(file),
  );
  const looks = told.filter(({ verdict }) => verdict === 'review');
  const later = new Set(looks.slice(REVIEW_MAX));
  for (const file of told) if (!later.has(file)) show(file);
  if (later.size > 0) print(`review      … and ${later.size} more (--format json has all)`);
  const unknown = report.files.filter(({ verdict }) => verdict === 'unrecognised');
  print(...unknownLines(unknown), ...unreadLines(unread));
  const { files, verdicts } = report.summary;
  if (files === 0) return print('no files found: nothing was scanned');
  print(
    `${files} files: ${Object.entries(verdicts)
      .map(([verdict, count]) => `${count} ${verdict}`)
      .join(', ')}`,
  );
}

/**
 * Writes a report in every form that was asked for.
 * @returns the exit status: 1 for malicious and suspicious files, and for incomplete ones unless they are allowed
 */
export async function finishReport(report: ScanReport, options: Options): Promise<number> {
  const { toCycloneDx, toSarif, toSpdx } = await import('@sallyport/scan');
  const write = (option: string, make: () => object): void => {
    const path = options.text(option);
    if (path !== undefined) writeOutput(path, `${visibleJson(make(), 2)}\n`);
  };
  write('sarif', () => toSarif(report, VERSION));
  write('cyclonedx', () => toCycloneDx(report, VERSION, randomUUID()));
  write('spdx', () => toSpdx(report, VERSION, randomUUID()));
  if (options.json) printJson(report);
  else showAll(report);
  const { malicious, suspicious, incomplete } = report.summary.verdicts;
  return malicious + suspicious > 0 || (incomplete > 0 && !options.flag('allow-incomplete')) ? 1 : 0;
}
