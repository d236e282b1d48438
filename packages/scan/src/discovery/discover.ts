import { statSync } from 'node:fs';
import { atLeast } from '@sallyport/core';
import { FileSource } from '../bytes/byte-source.ts';
import { RunCeiling } from '../run-ceiling.ts';
import type { FileReport } from '../scan-file.ts';
import { overLimit, reportNotRead, type ScanReport, summarise } from '../scan-files.ts';
import { detection, worstVerdict } from '../technique.ts';
import { TECHNIQUES, type TechniqueName } from '../techniques.ts';
import { decodeText, encodingOf } from '../text/text-encoding.ts';
import type { PathBytes } from '../tree/path-bytes.ts';
import { isFolderTechnique, type Tree, type WalkOptions, walkTree } from '../tree/walk-tree.ts';
import { inspectLog } from './access-log.ts';
import type { Hit } from './hit.ts';
import { HitList } from './hit-list.ts';
import { inspectSource, isSource } from './source-tree.ts';

/** What uses AI, and where. */
export interface DiscoveryReport extends ScanReport {
  readonly hits: readonly Hit[];
  readonly logLines: number;
}

/** What is known and sanctioned: hits that match are not findings. */
export interface KnownUse {
  /** Whether somebody decided that this use is wanted. */
  isSanctioned(hit: Hit): boolean;
}

const SOURCE_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes for each zero among them: programs have many zeros, and a text has one that somebody put there. */
const BYTES_FOR_A_ZERO = 32;
const NOTHING_KNOWN: KnownUse = { isSanctioned: () => false };

/** Whether bytes are those of a program or picture, whatever their file is called. */
function isBinary(bytes: Uint8Array): boolean {
  let zeros = 0;
  for (const byte of bytes) if (byte === 0) zeros++;
  return zeros * BYTES_FOR_A_ZERO > bytes.length;
}

/** The text of a source; null for what is no text. @throws Error of the file system, or for one that is too large */
function readSource(path: PathBytes, bounds: Tree['bounds']): string | null {
  const source = FileSource.open(path, bounds);
  try {
    const bytes = Buffer.from(source.read(0, Math.min(source.size, SOURCE_BYTES_MAX)));
    const encoding = encodingOf(bytes);
    if (encoding === 'utf-8' && isBinary(bytes)) return null;
    if (source.size > SOURCE_BYTES_MAX)
      throw new Error(`it is larger than the ${SOURCE_BYTES_MAX} bytes that are read of a source`);
    return decodeText(bytes, encoding);
  } finally {
    source.close();
  }
}

/**
 * Finds the use of AI in source trees and in logs of proxies and resolvers.
 * @param paths files and folders of sources
 * @param logs files of logs
 * @throws Error of the file system for a path that is not there
 */
export async function discover(
  paths: readonly string[],
  logs: readonly string[] = [],
  known: KnownUse = NOTHING_KNOWN,
  onProgress: (done: number, of: number) => void = () => {},
  options: Omit<WalkOptions, 'passInstalled'> = {},
): Promise<DiscoveryReport> {
  const hits = new HitList();
  const files = new Map<string, FileReport>();
  const report = (path: string, technique: TechniqueName, message: string, line: number | null): void => {
    const one = detection(TECHNIQUES[technique], technique, message, {
      path,
      ...(line === null ? {} : { line }),
    });
    const before = files.get(path);
    const verdict = worstVerdict(before?.verdict ?? 'clean', TECHNIQUES[technique].verdict);
    files.set(path, {
      path,
      verdict,
      format: before?.format ?? 'source',
      bytes: before?.bytes ?? 0,
      sha256: null,
      detections: [...(before?.detections ?? []), one],
    });
  };
  const ceiling = new RunCeiling(options.limits);
  const tree = walkTree(paths, { ...options, passInstalled: true }, ceiling);
  const isWanted = (name: string): boolean => isSource(name.replaceAll('\\', '/'));
  const sources = tree.files.filter(({ name }) => isWanted(name));
  /** Whether something may still be read; what may not is told. */
  const mayRead = (name: string, bytes: number): boolean => {
    const why = ceiling.refusal(bytes);
    if (why !== null) report(name, 'run-limit', overLimit(name, why).message, null);
    return why === null;
  };
  for (const [index, { name, path, bytes }] of sources.entries()) {
    if (!mayRead(name, Math.min(bytes, SOURCE_BYTES_MAX))) continue;
    try {
      const text = readSource(path, tree.bounds);
      for (const { id, severity, hasForm, line } of text === null ? [] : inspectSource(hits, name, text))
        report(
          name,
          hasForm && atLeast(severity, 'high') ? 'secret-in-source' : 'possible-secret',
          `holds what looks like a secret (${id})`,
          line,
        );
    } catch (fault) {
      report(name, 'unreadable', `cannot be read: ${(fault as Error).message}`, null);
    }
    onProgress(index + 1, sources.length + logs.length);
  }
  let logLines = 0;
  for (const [index, path] of logs.entries()) {
    if (!mayRead(path, statSync(path).size)) continue;
    const { lines, isWhole } = await inspectLog(hits, path, () => !ceiling.outOfTime);
    logLines += lines;
    if (!isWhole)
      report(path, 'run-limit', 'is not read to its end: the run had taken the time that it may', null);
    onProgress(sources.length + index + 1, sources.length + logs.length);
  }
  for (const hit of hits.all)
    if (!known.isSanctioned(hit))
      report(
        hit.where,
        'unsanctioned-ai',
        `uses ${hit.serviceName}: ${hit.kind} \`${hit.what}\`${hit.kind === 'traffic' ? `, ${hit.count} times` : ''}`,
        hit.line,
      );
  const all = [
    ...files.values(),
    ...tree.notRead
      .filter(({ name, technique }) => isFolderTechnique(technique) || isWanted(name))
      .map(reportNotRead),
  ];
  return {
    files: all,
    skipped: tree.skipped,
    summary: { ...summarise(all), files: sources.length + logs.length },
    hits: hits.all,
    logLines,
  };
}
