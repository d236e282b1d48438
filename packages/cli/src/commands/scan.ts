import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodedError } from '@sallyport/core';
import type { AllowedGroup, FileReport, ScanReport } from '@sallyport/scan';
import type { Command } from '../commands.ts';
import { download, isUrl } from '../download.ts';
import type { Options } from '../options.ts';
import { Progress } from '../output.ts';
import { finishReport, namePath, REPORT_OPTIONS, REPORT_USAGE, walkOf } from '../scan-output.ts';

const WORKERS_MAX = 256;

/** Loaded when something is scanned: a server that runs for months needs none of it. */
const scanner = (): Promise<typeof import('@sallyport/scan')> => import('@sallyport/scan');

/** Names that a project allows beyond those that ship. @throws CodedError `usage`, `config-invalid` */
async function readAllowed(path: string | undefined): Promise<AllowedGroup[]> {
  if (path === undefined) return [];
  const { parseAllowedGroups } = await scanner();
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (fault) {
    throw new CodedError('usage', `cannot read \`${path}\`: ${(fault as Error).message}`);
  }
  try {
    return parseAllowedGroups(value);
  } catch (fault) {
    throw new CodedError(
      'config-invalid',
      `\`${path}\` is not a list of {"library", "provenance", "rule", "globals": {"module": "name name"}}, with "takes" where a name is called, and with "fresh" and "shared" as \`globals\` is, or without: ${(fault as Error).message}`,
    );
  }
}

/** Fetches what must be fetched, and scans all. What was fetched is shown under its address. */
async function scanAll(options: Options, allowed: AllowedGroup[], folder: string): Promise<ScanReport> {
  const shown = new Map<string, string>();
  const paths: string[] = [];
  for (const [index, argument] of options.positionals.entries()) {
    if (!isUrl(argument)) {
      paths.push(argument);
      continue;
    }
    const own = join(folder, String(index));
    mkdirSync(own);
    const path = await download(argument, own, options.flag('allow-private'));
    shown.set(path, argument);
    paths.push(path);
  }
  const progress = new Progress('files');
  const workers = options.whole('workers', 1, WORKERS_MAX);
  try {
    const { scanFiles } = await scanner();
    const report = await scanFiles(paths, {
      ...walkOf(options),
      allowed,
      digest: options.flag('digest') || undefined,
      cache: options.text('cache'),
      ...(workers === undefined ? {} : { workers }),
      onProgress: (done, of) => progress.update(done, of),
    });
    if (shown.size === 0) return report;
    const files = report.files.map((file) => underAddress(file, shown.get(file.path) ?? file.path));
    return { ...report, files };
  } catch (fault) {
    throw namePath(fault);
  } finally {
    progress.end();
  }
}

/** A report with another name in place of the path. */
const underAddress = (file: FileReport, name: string): FileReport => ({
  ...file,
  path: name,
  detections: file.detections.map((one) => ({
    ...one,
    location: { ...one.location, path: `${name}${one.location.path.slice(file.path.length)}` },
  })),
});

/** Scans model files without loading them. */
export const scan: Command = {
  name: 'scan',
  usage: `scan PATH|URL… [--allow FILE] [--allow-private] [--cache DIR] [--digest] [--workers N] ${REPORT_USAGE}`,
  summary:
    'say what loading model files would do, without loading them; exit 1 for malicious, suspicious or incomplete',
  options: {
    allow: { type: 'string' },
    'allow-private': { type: 'boolean' },
    cache: { type: 'string' },
    digest: { type: 'boolean' },
    workers: { type: 'string' },
    ...REPORT_OPTIONS,
  },
  run: async (options) => {
    if (options.positionals.length === 0) throw new CodedError('usage', 'name files or folders to scan');
    const allowed = await readAllowed(options.text('allow'));
    if (!options.positionals.some(isUrl)) return finishReport(await scanAll(options, allowed, ''), options);
    const fetched = mkdtempSync(join(tmpdir(), 'sallyport-scan-'));
    try {
      return await finishReport(await scanAll(options, allowed, fetched), options);
    } finally {
      rmSync(fetched, { recursive: true, force: true });
    }
  },
};
