import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { CodedError } from '@sallyport/core';
import type { FileReport, ScanReport } from '@sallyport/scan';
import type { Command } from './commands.ts';
import type { Options } from './options.ts';
import { print, printJson } from './output.ts';

const SHOWN_MAX = 12;
/** Version that reports name as that of their tool. */
export const VERSION = '0.1.0';

/** A fault of the file system in words, where it is that a path is not there. */
export function namePath(fault: unknown): unknown {
  const { code, path } = fault as NodeJS.ErrnoException;
  return code === 'ENOENT' ? new CodedError('usage', `there is no \`${path}\``) : fault;
}

/** Options of every command that makes a report of files. */
export const REPORT_OPTIONS = {
  'allow-incomplete': { type: 'boolean' },
  cyclonedx: { type: 'string' },
  sarif: { type: 'string' },
  spdx: { type: 'string' },
} as const satisfies Command['options'];

/** The same in words. */
export const REPORT_USAGE = '[--allow-incomplete] [--sarif FILE] [--cyclonedx FILE] [--spdx FILE]';

function show({ path, verdict, format, detections }: FileReport): void {
  print(`${verdict.padEnd(10)}  ${path}  (${format})`);
  for (const { technique, message, location, severity } of detections.slice(0, SHOWN_MAX)) {
    const inner = location.path === path ? '' : ` in ${location.path.slice(path.length + 1)}`;
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

function showAll(report: ScanReport): void {
  for (const file of report.files) if (file.verdict !== 'clean') show(file);
  const { files, verdicts } = report.summary;
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
    if (path !== undefined) writeFileSync(path, `${JSON.stringify(make(), null, 2)}\n`);
  };
  write('sarif', () => toSarif(report, VERSION));
  write('cyclonedx', () => toCycloneDx(report, VERSION, randomUUID()));
  write('spdx', () => toSpdx(report, VERSION, randomUUID()));
  if (options.json) printJson(report);
  else showAll(report);
  const { malicious, suspicious, incomplete } = report.summary.verdicts;
  return malicious + suspicious > 0 || (incomplete > 0 && !options.flag('allow-incomplete')) ? 1 : 0;
}
