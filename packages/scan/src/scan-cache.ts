import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileDetection } from '@sallyport/core';
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

/**
 * What was found in a content before, by its digest, the end of its name, and everything that decides what is found. Whoever can write
 * to its folder can say what is clean: keep it as private as what is scanned.
 */
export class ScanCache {
  readonly #folder: string;
  readonly #decides: string;

  /** @param decides further things that what is found depends on, such as names that a project allows */
  constructor(folder: string, decides: string) {
    this.#folder = folder;
    this.#decides = hash('sha256', `${scannerFingerprint()}\n${decides}`, 'hex');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  #place(path: string, sha256: string): string {
    const name = path.replaceAll('\\', '/').toLowerCase().split('/').slice(-TELLING_PARTS).join('/');
    const key = hash('sha256', `${this.#decides}\n${name}\n${sha256}`, 'hex');
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
      writeFileSync(draft, JSON.stringify(moved(report, '')), { mode: 0o600 });
      renameSync(draft, place);
    } catch {
      // The next scan looks again.
    }
  }
}
