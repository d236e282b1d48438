import { hash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { FileDetection } from '@sallyport/core';
import { FileSource } from '../bytes/byte-source.ts';
import { lockFormatOf } from '../dependencies/lock-files/index.ts';
import { type ItemWatch, notReadAgain } from '../item-watch.ts';
import { RunCeiling } from '../run-ceiling.ts';
import type { FileReport } from '../scan-file.ts';
import { overLimit, reportNotRead, type ScanReport, summarise } from '../scan-files.ts';
import { detection, worstVerdict } from '../technique.ts';
import { type FileVerdict, TECHNIQUES, type TechniqueName } from '../techniques.ts';
import { printable } from '../text/printable.ts';
import { decodeText, encodingOf } from '../text/text-encoding.ts';
import type { PathBytes } from '../tree/path-bytes.ts';
import { isFolderTechnique, type Tree, type WalkOptions, walkTree } from '../tree/walk-tree.ts';
import { leftOutMessage } from '../wholeness.ts';
import { inspectLog } from './access-log.ts';
import type { Hit } from './hit.ts';
import { HitList } from './hit-list.ts';
import { inspectOther, inspectSource, isCertain, isSource, type SourceSecrets } from './source-tree.ts';

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
/** Lock files are written by programs, and longer. */
const LOCK_BYTES_MAX = 32 * 1024 * 1024;
const bytesMaxOf = (name: string): number => (lockFormatOf(name) ? LOCK_BYTES_MAX : SOURCE_BYTES_MAX);
/** Bytes of other texts in which secrets are looked for: data, logs and dumps may go on behind them. */
const OTHER_BYTES_MAX = 32 * 1024 * 1024;
/** Bytes by which a program or picture is told from a text. */
const HEAD_BYTES = 8192;
/** Bytes for each zero among them: programs have many zeros, and a text has one that somebody put there. */
const BYTES_FOR_A_ZERO = 32;
const NOTHING_KNOWN: KnownUse = { isSanctioned: () => false };

/** Whether bytes are those of a program or picture, whatever their file is called. */
function isBinary(bytes: Uint8Array): boolean {
  let zeros = 0;
  for (const byte of bytes) if (byte === 0) zeros++;
  return zeros * BYTES_FOR_A_ZERO > bytes.length;
}

/** The text of a source, and its digest; null for what is no text. @throws Error of the file system, or for one that is too large */
function readSource(
  path: PathBytes,
  bounds: Tree['bounds'],
  bytesMax: number,
): { text: string; sha256: string } | null {
  const source = FileSource.open(path, bounds);
  try {
    const bytes = Buffer.from(source.read(0, Math.min(source.size, bytesMax)));
    const encoding = encodingOf(bytes);
    if (encoding === 'utf-8' && isBinary(bytes)) return null;
    if (source.size > bytesMax)
      throw new Error(`it is larger than the ${bytesMax} bytes that are read of a source`);
    return { text: decodeText(bytes, encoding), sha256: hash('sha256', bytes, 'hex') };
  } finally {
    source.close();
  }
}

/**
 * The beginning of a text that is no source, and its digest; null for what is no text, or may not be read.
 * @param mayRead asked with the number of bytes
 * @throws Error of the file system
 */
function readOther(
  path: PathBytes,
  bounds: Tree['bounds'],
  mayRead: (bytes: number) => boolean,
): { text: string; sha256: string } | null {
  const source = FileSource.open(path, bounds);
  try {
    const head = source.read(0, HEAD_BYTES);
    const encoding = encodingOf(head);
    const length = Math.min(source.size, OTHER_BYTES_MAX);
    if (head.length === 0 || (encoding === 'utf-8' && head.includes(0)) || !mayRead(length)) return null;
    const bytes = Buffer.from(source.read(0, length));
    return { text: decodeText(bytes, encoding), sha256: hash('sha256', bytes, 'hex') };
  } finally {
    source.close();
  }
}

/** What was found, by the file or client that it was found at. */
class Reports {
  readonly #files = new Map<string, Omit<FileReport, 'detections'> & { detections: FileDetection[] }>();

  /** @param sha256 of the file, where what was found depends on all of it */
  add(
    path: string,
    technique: TechniqueName,
    message: string,
    { line = null, sha256 = null }: { line?: number | null; sha256?: string | null } = {},
  ): void {
    const one = detection(TECHNIQUES[technique], technique, message, {
      path,
      ...(line === null ? {} : { line }),
    });
    const before = this.#files.get(path);
    const detections = before?.detections ?? [];
    detections.push(one);
    const verdict: FileVerdict = worstVerdict(before?.verdict ?? 'clean', TECHNIQUES[technique].verdict);
    const known = sha256 ?? before?.sha256 ?? null;
    this.#files.set(path, { path, verdict, format: 'source', bytes: 0, sha256: known, detections });
  }

  get all(): FileReport[] {
    return [...this.#files.values()];
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
  options: Omit<WalkOptions, 'passInstalled'> & ItemWatch = {},
): Promise<DiscoveryReport> {
  const hits = new HitList((hit) => known.isSanctioned(hit));
  const reports = new Reports();
  /** Tells of what was seen in a file and is not kept. */
  const tellLeftOut = (path: string): void => {
    const count = hits.takeLeftOut();
    if (count > 0) reports.add(path, 'findings-limit', `uses of AI: ${leftOutMessage(count)}`);
  };
  const ceiling = new RunCeiling(options.limits);
  // A log that is not there is told before anything is read.
  const sizes = logs.map((path) => statSync(path).size);
  const tree = walkTree(paths, { ...options, passInstalled: true }, ceiling);
  const isWanted = (name: string): boolean => isSource(name.replaceAll('\\', '/'));
  const { sources = [], others = [] } = Object.groupBy(tree.files, ({ name }) =>
    isWanted(name) ? 'sources' : 'others',
  );
  /** Whether something may still be read; what may not is told. */
  const mayRead = (name: string, bytes: number): boolean => {
    const why = ceiling.refusal(bytes);
    const missed = why === null ? notReadAgain(options, name) : overLimit(name, why);
    if (missed !== null) reports.add(name, missed.technique, missed.message);
    return missed === null;
  };
  const tellSecrets = (name: string, sha256: string, { told, leftOut }: SourceSecrets): void => {
    for (const secret of told)
      reports.add(
        name,
        isCertain(secret) ? 'secret-in-source' : 'possible-secret',
        `holds what looks like a secret (${secret.id})`,
        { line: secret.line, sha256 },
      );
    if (leftOut > 0) reports.add(name, 'findings-limit', `secrets: ${leftOutMessage(leftOut)}`);
  };
  /** Reads one file; what cannot be read is told. */
  const look = (name: string, read: () => void): void => {
    try {
      read();
    } catch (fault) {
      reports.add(name, 'unreadable', `cannot be read: ${(fault as Error).message}`);
    }
  };
  let done = 0;
  const work = tree.files.length + logs.length;
  for (const { name, path, bytes } of sources) {
    onProgress(++done, work);
    const bytesMax = bytesMaxOf(name);
    if (!mayRead(name, Math.min(bytes, bytesMax))) continue;
    look(name, () => {
      const source = readSource(path, tree.bounds, bytesMax);
      if (source === null) return;
      tellSecrets(name, source.sha256, inspectSource(hits, name, source.text));
      tellLeftOut(name);
    });
  }
  for (const { name, path } of others) {
    onProgress(++done, work);
    look(name, () => {
      const other = readOther(path, tree.bounds, (bytes) => mayRead(name, bytes));
      if (other !== null) tellSecrets(name, other.sha256, inspectOther(other.text));
    });
  }
  let logLines = 0;
  for (const [index, path] of logs.entries()) {
    if (!mayRead(path, sizes[index]!)) continue;
    const { lines, unread } = await inspectLog(hits, path, () => !ceiling.outOfTime);
    logLines += lines;
    if (unread === 'time')
      reports.add(path, 'run-limit', 'is not read to its end: the run had taken the time that it may');
    else if (unread !== null)
      reports.add(
        path,
        'unreadable',
        `is not read to its end, after ${lines} lines: ${printable(unread.message)}`,
      );
    tellLeftOut(path);
    onProgress(++done, work);
  }
  for (const hit of hits.all)
    if (!known.isSanctioned(hit))
      reports.add(
        hit.where,
        'unsanctioned-ai',
        `uses ${hit.serviceName}: ${hit.kind} \`${hit.what}\`${hit.kind === 'traffic' ? `, ${hit.count} times` : ''}`,
        { line: hit.line },
      );
  const all = [
    ...reports.all,
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
