import { atLeast } from '@sallyport/core';
import { FileSource } from '../bytes/byte-source.ts';
import type { FileReport } from '../scan-file.ts';
import { filesBelow, type ScanReport, summarise } from '../scan-files.ts';
import { detection, worstVerdict } from '../technique.ts';
import { TECHNIQUES, type TechniqueName } from '../techniques.ts';
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
const PASSED =
  /(?:^|\/)(?:node_modules|\.git|\.venv|venv|site-packages|vendor|target|dist|build|\.sallyport|__pycache__)\//;
const NOTHING_KNOWN: KnownUse = { isSanctioned: () => false };

function readSource(path: string): string | null {
  const source = FileSource.open(path);
  try {
    if (source.size > SOURCE_BYTES_MAX) return null;
    const bytes = Buffer.from(source.read(0, source.size));
    return bytes.includes(0) ? null : bytes.toString('utf8');
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
  const sources = filesBelow(paths, (folder) => !PASSED.test(`${folder.replaceAll('\\', '/')}/`)).filter(
    (path) => isSource(path.replaceAll('\\', '/')),
  );
  for (const [index, path] of sources.entries()) {
    const text = readSource(path);
    if (text !== null)
      for (const { id, severity, hasForm, line } of inspectSource(hits, path, text))
        report(
          path,
          hasForm && atLeast(severity, 'high') ? 'secret-in-source' : 'possible-secret',
          `holds what looks like a secret (${id})`,
          line,
        );
    onProgress(index + 1, sources.length + logs.length);
  }
  let logLines = 0;
  for (const [index, path] of logs.entries()) {
    logLines += await inspectLog(hits, path);
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
  const all = [...files.values()];
  return {
    files: all,
    summary: { ...summarise(all), files: sources.length + logs.length },
    hits: hits.all,
    logLines,
  };
}
