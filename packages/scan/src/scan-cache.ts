import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, type FileDetection } from '@sallyport/core';
import { isPromptPath } from './formats/prompt.ts';
import { isWorkspacePath } from './formats/workspace.ts';
import type { FileReport } from './scan-file.ts';

/** Parts of a path that a format may look at. */
const TELLING_PARTS = 3;
const DIGITS = 8;

/** Changes with every change of the scanner: what it consists of. */
function scannerFingerprint(): string {
  const folders = [new URL('.', import.meta.url), new URL('../allow-list/', import.meta.url)];
  const parts: string[] = [];
  for (const folder of folders)
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      const file = new URL(name, folder);
      if (statSync(file).isFile()) parts.push(`${name} ${hash('sha256', readFileSync(file), 'hex')}`);
    }
  return hash('sha256', parts.join('\n'), 'hex');
}

const under = (path: string, from: string, to: string): string => `${to}${path.slice(from.length)}`;
const moved = (report: FileReport, to: string): FileReport => ({
  ...report,
  path: to,
  detections: report.detections.map(
    (one): FileDetection => ({
      ...one,
      location: { ...one.location, path: under(one.location.path, report.path, to) },
    }),
  ),
});

/** What was found in a content before. */
export interface ReportMemory {
  get(path: string, sha256: string): FileReport | null;
  put(report: FileReport): void;
}

/** All that formats look at of a path. */
function tellingName(path: string): string {
  const end = path.replaceAll('\\', '/').split('/').slice(-TELLING_PARTS).join('/');
  return `${isPromptPath(path)} ${isWorkspacePath(path)} ${end}`;
}

/** Reports that are kept of one run. */
const REPORTS_MAX = 10_000;

/** What one run found, by content and the end of its name: the same content under the same name is not looked through twice. */
export class RunMemory implements ReportMemory {
  readonly #reports = new Map<string, FileReport>();
  readonly #behind: ReportMemory | null;

  /** @param behind asked for what this run did not see */
  constructor(behind: ReportMemory | null) {
    this.#behind = behind;
  }

  get(path: string, sha256: string): FileReport | null {
    const own = this.#reports.get(`${sha256} ${tellingName(path)}`);
    return own ? moved(own, path) : (this.#behind?.get(path, sha256) ?? null);
  }

  put(report: FileReport): void {
    if (report.verdict !== 'incomplete' && this.#reports.size < REPORTS_MAX)
      this.#reports.set(`${report.sha256} ${tellingName(report.path)}`, report);
    this.#behind?.put(report);
  }
}

/** Verdicts are read only from where nobody else can write them. @throws CodedError `usage` */
function requireOwn(folder: string): void {
  const own = process.geteuid?.();
  if (own === undefined) return;
  const { uid, mode } = statSync(folder);
  if ((uid !== own && uid !== 0) || (mode & 0o002) !== 0)
    throw new CodedError(
      'usage',
      `others can write to the cache \`${folder}\`, and so say what is clean: name a folder of your own`,
    );
}

/**
 * What was found in a content before, by its digest, the end of its name, and everything that decides what is found. Whoever can write
 * to its folder can say what is clean: keep it as private as what is scanned.
 */
export class ScanCache implements ReportMemory {
  readonly #folder: string;
  readonly #decides: string;

  /**
   * @param decides further things that what is found depends on, such as names that a project allows
   * @throws CodedError `usage` for a folder that others can write to
   */
  constructor(folder: string, decides: string) {
    this.#folder = folder;
    this.#decides = hash('sha256', `${scannerFingerprint()}\n${decides}`, 'hex');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    requireOwn(folder);
  }

  #place(path: string, sha256: string): string {
    const key = hash('sha256', `${this.#decides}\n${tellingName(path)}\n${sha256}`, 'hex');
    return join(this.#folder, key.slice(0, 2), `${key}.json`);
  }

  get(path: string, sha256: string): FileReport | null {
    try {
      const report = JSON.parse(readFileSync(this.#place(path, sha256), 'utf8')) as FileReport;
      return report.sha256 === sha256 ? moved(report, path) : null;
    } catch {
      return null;
    }
  }

  /** Keeps a report. What ran out of time or memory is not kept: it may fare better. A full disk only costs the next scan. */
  put(report: FileReport): void {
    if (report.sha256 === null || report.verdict === 'incomplete') return;
    const place = this.#place(report.path, report.sha256);
    const draft = `${place}.${Math.floor(performance.now() * 1000)
      .toString(36)
      .slice(-DIGITS)}-${process.pid}`;
    try {
      mkdirSync(join(place, '..'), { recursive: true, mode: 0o700 });
      writeFileSync(draft, JSON.stringify(moved(report, '')), { flag: 'wx', mode: 0o600 });
      renameSync(draft, place);
    } catch {
      // The next scan looks again.
    }
  }
}
