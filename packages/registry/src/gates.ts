import { type AssetVersion, type Attestation, type Finding, isAccepted } from '@sallyport/core';
import { isIndependent, statedOf } from './attest.ts';

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
  /** Its name in what is said of it. */
  readonly target: string;
  /** Of its digest, the latest first. */
  readonly attestations: readonly Attestation[];
  /** Open ones of scans of it. */
  readonly findings: readonly Finding[];
  readonly nowMs: number;
  /** Whether the signatures of its signer count today. */
  countsToday(signature: Attestation): boolean;
}

/**
 * The failed test that closes the gate: the latest that no other lifted. Later ones that passed lift it where they name this very
 * version, and who said so was not behind it, and is a person or the same who said that it failed.
 * @param tests the latest first
 */
function failedTest(tests: readonly Attestation[], target: string): Attestation | undefined {
  const passed = new Set<string>();
  return tests.find((one) => {
    if (!one.passed) return !passed.has('person') && !passed.has(one.actor);
    if (statedOf(one).name === target && isIndependent(one))
      passed.add(one.actor.startsWith('person:') ? 'person' : one.actor);
    return false;
  });
}

/** Every gate of a version, open or closed. Nothing is served while one is closed. */
export function gatesOf({ version, target, attestations, findings, nowMs, countsToday }: GateFacts): Gate[] {
  const latest = (kind: Attestation['kind']): Attestation | undefined =>
    attestations.find((one) => one.kind === kind);
  const scan = latest('scan');
  const scanDays = scan ? (nowMs - Date.parse(scan.at)) / DAY_MS : Number.POSITIVE_INFINITY;
  const signatures = attestations.filter(({ kind }) => kind === 'signature');
  // A bad signature that somebody handed in with the same files elsewhere says nothing of these.
  const signature = signatures.find((one) => (one.passed ? countsToday(one) : statedOf(one).name === target));
  const tests = attestations.filter(({ kind }) => kind === 'test');
  const failed = failedTest(tests, target);
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
        ? 'it was not scanned'
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
        (signatures[0]
          ? `${signatures[0].summary}, which does not count any more (\`inventory.signers\`)`
          : null) ??
        'no signature of it was verified: `sallyport model sign`, then register it with the signature',
    },
    {
      name: 'approved',
      open: version.approvedAt !== null && version.approvedBy !== version.createdBy,
      why:
        version.approvedAt === null
          ? 'only its author approved it'
          : `approved by ${version.approvedBy} on ${version.approvedAt.slice(0, 10)}`,
    },
    // A test that failed closes; none at all does not, until something tests.
    {
      name: 'tested',
      open: failed === undefined,
      why: failed
        ? `${failed.summary} (reported by ${failed.actor}); the gate opens once the test passes, as reported by a person who never made, changed or owned the version and has not let in, or been let in by, someone who did within 24 hours, or by ${failed.actor} if that holds for them`
        : (tests[0]?.summary ?? 'nothing tests it yet'),
    },
  ];
}
