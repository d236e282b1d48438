import { relative, sep } from 'node:path';
import { type FileDetection, type ScanKind, SEVERITIES, type Severity, seenDigest } from '@sallyport/core';
import type { NotedDetection } from '@sallyport/store';
import type { ScanJobReport } from './scan-job.ts';

/** Detections that one scan puts into the record: the gravest. */
const DETECTIONS_MAX = 2_000;
const REFERENCES_MAX = 12;
/** Characters of a place that are kept. */
export const PLACE_CHARACTERS_MAX = 512;
const MESSAGE_CHARACTERS_MAX = 400;

/** What a scan is of. */
export interface ScanTarget {
  readonly kind: ScanKind;
  /** `folder:NAME`, `model:NAME@VERSION` … */
  readonly target: string;
  /** `system:NAME` where it belongs to one, else the target. */
  readonly subject: string;
  /** Folder that places are shown relative to. */
  readonly root: string;
}

/** A path as it is shown. @param root folder that it is shown relative to */
export const shownPath = (root: string, path: string): string => {
  const [file, ...inner] = path.split('!');
  const own = relative(root, file!).split(sep).join('/');
  return [own === '' ? '.' : own.startsWith('..') ? file! : own, ...inner].join('!');
};

/** Where a detection lies, as long as what it lies in does not change: lines and bytes move. */
function placeOf(root: string, { location, technique }: FileDetection): string {
  const path = shownPath(root, location.path);
  return `${path}${location.pointer === undefined ? (technique === 'unsanctioned-ai' ? `:${location.line ?? ''}` : '') : `#${location.pointer}`}`;
}

const rank = ({ severity }: { readonly severity: Severity }): number => SEVERITIES.indexOf(severity);
const lineOf = (path: string, line: number | null | undefined): string => `${path}\n${line ?? ''}`;

/** What a scan puts into the record of what it found. */
export interface Noted {
  /** The gravest, as many as are kept; one of them says how many were left out, where some were. */
  readonly kept: readonly NotedDetection[];
  /** All that were found, kept or not. */
  readonly found: number;
  readonly leftOut: number;
}

/** Detections of a scan, those of one kind in one place as one: the gravest, with a digest of all that was seen there. */
function together(report: ScanJobReport, { kind, target, root }: ScanTarget): NotedDetection[] {
  const vulnerabilities = new Map(
    (report.vulnerabilities ?? []).map((one) => [`${one.path}#${one.pointer}`, one]),
  );
  const hits = new Map<string, string[]>();
  for (const { where, line, fingerprint } of report.hits ?? []) {
    const at = lineOf(where, line);
    hits.set(at, [...(hits.get(at) ?? []), fingerprint]);
  }
  const all = new Map<string, { one: NotedDetection; readonly seen: Set<string> }>();
  for (const { path, sha256, bytes, detections } of report.files)
    for (const one of detections) {
      const { pointer, line } = one.location;
      const known = vulnerabilities.get(`${path}#${pointer ?? ''}`);
      const place = placeOf(root, one);
      // A package stands by itself, whatever else its lock file holds; anything else is of a content.
      const content =
        one.technique === 'unsanctioned-ai'
          ? (hits.get(lineOf(path, line)) ?? []).join(' ')
          : kind === 'dependencies' && pointer !== undefined
            ? one.message
            : (sha256 ?? `${bytes} ${one.message}`);
      const noted: NotedDetection = {
        kind,
        target,
        place: place.slice(0, PLACE_CHARACTERS_MAX),
        detector: one.detector,
        technique: one.technique,
        severity: one.severity,
        message: one.message.slice(0, MESSAGE_CHARACTERS_MAX),
        remedy: one.remedy.slice(0, MESSAGE_CHARACTERS_MAX),
        references: one.references.slice(0, REFERENCES_MAX).map((text) => text.slice(0, 64)),
        exploited: known?.exploited ?? false,
        disclosedAt: known?.published ?? '',
      };
      const key = `${one.technique} ${place}`;
      const before = all.get(key);
      const seen = before?.seen ?? new Set();
      seen.add(`${one.severity} ${content}`);
      all.set(key, { one: before && rank(before.one) <= rank(noted) ? before.one : noted, seen });
    }
  return [...all.values()].map(({ one, seen }) => ({ ...one, seen: seenDigest([...seen].sort()) }));
}

/** What a scan found, as its events carry it. */
export function noteDetections(report: ScanJobReport, of: ScanTarget): Noted {
  const all = together(report, of).sort((a, b) => rank(a) - rank(b));
  const left = all.slice(DETECTIONS_MAX);
  const [gravest] = left;
  if (!gravest) return { kept: all, found: all.length, leftOut: 0 };
  const more: NotedDetection = {
    kind: of.kind,
    target: of.target,
    place: '.',
    detector: 'file',
    technique: 'findings-limit',
    severity: gravest.severity,
    message: `${left.length} more were found and are left out, none graver than ${gravest.severity}: ${DETECTIONS_MAX} of one scan are kept, the gravest`,
    remedy: 'deal with those that are kept, then scan again; or watch a smaller folder',
    references: ['CWE-223'],
    exploited: false,
    disclosedAt: '',
    seen: seenDigest(left.map(({ seen }) => seen).sort()),
  };
  return { kept: [...all.slice(0, DETECTIONS_MAX), more], found: all.length, leftOut: left.length };
}
