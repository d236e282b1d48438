import { type AssetVersion, type Attestation, type Finding, isAccepted } from '@sallyport/core';

/** One thing that must be so before a version is served. */
export interface Gate {
  readonly name: 'stored' | 'scanned' | 'findings' | 'signed' | 'approved' | 'tested';
  readonly open: boolean;
  /** In plain words; where it is closed, what would open it. */
  readonly why: string;
}

const DAY_MS = 86_400_000;
/** How old a scan may be. */
const SCAN_DAYS_MAX = 30;

/** What is known of a version when its gates are looked at. */
export interface GateFacts {
  readonly version: AssetVersion;
  /** Of its digest, the latest first. */
  readonly attestations: readonly Attestation[];
  /** Open ones of scans of it. */
  readonly findings: readonly Finding[];
  readonly nowMs: number;
}

/** Every gate of a version, open or closed. Nothing is served while one is closed. */
export function gatesOf({ version, attestations, findings, nowMs }: GateFacts): Gate[] {
  const latest = (kind: Attestation['kind']): Attestation | undefined =>
    attestations.find((one) => one.kind === kind);
  const scan = latest('scan');
  const scanDays = scan ? (nowMs - Date.parse(scan.at)) / DAY_MS : Number.POSITIVE_INFINITY;
  const signature = latest('signature');
  const test = latest('test');
  const severe = findings.filter(
    (finding) => ['critical', 'high'].includes(finding.severity) && !isAccepted(finding, nowMs),
  );
  return [
    {
      name: 'stored',
      open: version.stored,
      why: version.stored
        ? 'its files are stored here, sealed'
        : 'only its digest is known: register it with its files',
    },
    {
      name: 'scanned',
      open: scan?.passed === true && scanDays <= SCAN_DAYS_MAX,
      why: !scan
        ? 'nobody scanned it'
        : !scan.passed
          ? `the scan says: ${scan.summary}`
          : scanDays > SCAN_DAYS_MAX
            ? `the scan is ${Math.floor(scanDays)} days old, of at most ${SCAN_DAYS_MAX}`
            : scan.summary,
    },
    {
      name: 'findings',
      open: severe.length === 0,
      why:
        severe.length === 0
          ? 'no critical or high finding is open on it'
          : `${severe.length} critical or high findings are open on it, the first: ${severe[0]!.technique}`,
    },
    {
      name: 'signed',
      open: signature?.passed === true,
      why:
        signature?.summary ??
        'no signature of it was verified: `sallyport model sign`, then register it with the signature',
    },
    {
      name: 'approved',
      open: version.approvedAt !== null && version.approvedBy !== version.createdBy,
      why:
        version.approvedAt === null
          ? 'nobody but its author has approved it'
          : `approved by ${version.approvedBy} on ${version.approvedAt.slice(0, 10)}`,
    },
    // A test that failed closes; none at all does not, until something tests.
    { name: 'tested', open: test?.passed !== false, why: test?.summary ?? 'nothing tests it yet' },
  ];
}
