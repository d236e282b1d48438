import { hash } from 'node:crypto';
import type { Detection, DetectorName } from './detection.ts';
import { SEVERITIES, type Severity } from './severity.ts';

/** Something that must be dealt with: many detections of one kind on one subject, under one fingerprint. */
export interface Finding {
  readonly fingerprint: string;
  readonly subject: string;
  readonly detector: string;
  readonly technique: string;
  /** What else saw the same, as `detector/technique`: one attack is one finding, under its most telling name. */
  readonly also: readonly string[];
  readonly severity: Severity;
  /** `resolved` by a scan that looked again and did not see it; nobody can set it by hand. */
  readonly status: 'open' | 'resolved';
  readonly firstAt: string;
  readonly lastAt: string;
  readonly count: number;
  readonly demo: boolean;
  /** What a scan says of it; null where it comes from traffic, an alert or a review. */
  readonly scanned: ScannedFinding | null;
  /** Id of the person who answers for it. */
  readonly owner: string | null;
  /** Until when its risk is accepted, by whom and why; null where it is not. */
  readonly accepted: { readonly until: string; readonly by: string; readonly reason: string } | null;
  /** When the scan that no longer saw it was; null while it is open. */
  readonly resolvedAt: string | null;
}

/** What a scan says of a finding. */
export interface ScannedFinding {
  readonly kind: string;
  /** The folder, model or lock file that was scanned. */
  readonly target: string;
  /** Where in it. */
  readonly place: string;
  readonly message: string;
  readonly remedy: string;
  readonly references: readonly string[];
  /** Known to be exploited. */
  readonly exploited: boolean;
  /** When the world knew of it, RFC 3339; empty where nobody says. */
  readonly disclosedAt: string;
  /** Digest of what was seen: of other content it is another. Absent in events of earlier versions. */
  readonly seen?: string;
}

/** The fingerprint under which detections aggregate: SHA-256 over subject, detector, technique; 16 hex digits. */
export function fingerprint(
  subject: string,
  detection: { readonly detector: string; readonly technique: string },
  place = '',
): string {
  const whole = `${subject}\n${detection.detector}\n${detection.technique}${place === '' ? '' : `\n${place}`}`;
  return hash('sha256', whole, 'hex').slice(0, 16);
}

/** Detectors that see one attack together, each in its own way. Any other sees things of its own. */
const TOGETHER: Partial<Readonly<Record<DetectorName, string>>> = {
  injection: 'attack',
  obfuscation: 'attack',
  unread: 'attack',
  canary: 'leak',
  'system-prompt-leak': 'leak',
};
/** The model's word, which says that something is an attack and not what it does. */
const LEARNED = 'learned';

/** How a detection is named where it stands with others. */
export const nameOf = ({ detector, technique }: Pick<Detection, 'detector' | 'technique'>): string =>
  `${detector}/${technique}`;

/** Detections with the one that says most first: the gravest, a rule before the model, the surest. */
export const mostTelling = <T extends Pick<Detection, 'technique' | 'severity' | 'confidence'>>(
  detections: readonly T[],
): T[] =>
  detections.toSorted(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      Number(a.technique === LEARNED) - Number(b.technique === LEARNED) ||
      b.confidence - a.confidence,
  );

/** Detections of one text or call as findings count them: what sees one attack together, under its most telling. A rule on trial accuses nobody. */
export function asFindings(
  detections: readonly Detection[],
): { readonly leading: Detection; readonly also: readonly string[] }[] {
  const together = new Map<string, Detection[]>();
  for (const one of mostTelling(detections.filter(({ shadow }) => !shadow))) {
    const attack = TOGETHER[one.detector] ?? nameOf(one);
    together.set(attack, [...(together.get(attack) ?? []), one]);
  }
  return [...together.values()].map(([leading, ...others]) => ({
    leading: leading!,
    also: [...new Set(others.map(nameOf))].filter((name) => name !== nameOf(leading!)),
  }));
}

/** Whether somebody accepted the risk of a finding, and that is not over. What changed since is not accepted any more: no row says so. */
export const isAccepted = ({ accepted }: Finding, nowMs: number): boolean =>
  accepted !== null && Date.parse(accepted.until) > nowMs;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long a finding may stay open. Known to be exploited: 48 hours, whatever its severity. */
const OPEN_MS_MAX: Readonly<Record<Severity, number>> = {
  critical: 7 * DAY_MS,
  high: 30 * DAY_MS,
  medium: 90 * DAY_MS,
  low: 180 * DAY_MS,
  info: 365 * DAY_MS,
};
const EXPLOITED_MS_MAX = 48 * HOUR_MS;

/** By when a finding must be closed: counted from when it was both known to the world and seen here. @returns RFC 3339 */
export function dueAt({ severity, firstAt, scanned }: Finding): string {
  const disclosedMs = Date.parse(scanned?.disclosedAt ?? '');
  const fromMs = Math.max(Date.parse(firstAt), Number.isNaN(disclosedMs) ? 0 : disclosedMs);
  return new Date(fromMs + (scanned?.exploited ? EXPLOITED_MS_MAX : OPEN_MS_MAX[severity])).toISOString();
}

const SEVERITY_POINTS: Readonly<Record<Severity, number>> = {
  critical: 45,
  high: 32,
  medium: 18,
  low: 7,
  info: 1,
};

/** How soon a finding should be dealt with: by how bad it is, how sure it is to be used, and what it reaches. @returns 1 to 100 */
export function priority(finding: Finding, exposure: 'production' | 'internal' | 'unknown'): number {
  const { severity, scanned, count } = finding;
  const exploit = scanned?.exploited
    ? 35
    : scanned === null && count > 1
      ? 20
      : severity === 'critical'
        ? 20
        : 8;
  const reach = exposure === 'production' ? 20 : exposure === 'internal' ? 6 : 10;
  return Math.min(100, SEVERITY_POINTS[severity] + exploit + reach);
}
