import { type EvidenceSource, type InventoryCounts, SCAN_KINDS } from '@sallyport/core';
import { absent, BACKUP_AGE_MS_MAX, lastBackup, probe } from './pieces.ts';
import type { Evaluator, Piece } from './posture.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long a patch may take from disclosure: known to be exploited, critical. */
const PATCH_MS_MAX = { exploited: 48 * HOUR_MS, critical: 7 * DAY_MS };
/** Points of an assessment below which a third party is not good enough. */
const SCORE_MIN = 60;
const ADVISORY_DAYS_MAX = 7;
const DRILL_AGE_MS_MAX = 31 * DAY_MS;

const nowIso = (now: number): string => new Date(now).toISOString();
const days = (ms: number): string => `${(ms / DAY_MS).toFixed(1)} days`;

/** How long patches of one urgency took, the slowest deciding. */
function patches(counts: InventoryCounts, name: 'exploited' | 'critical', what: string): Piece {
  const some = counts.patches
    .filter((one) => (name === 'exploited' ? one.exploited : one.severity === 'critical' && !one.exploited))
    .sort((a, b) => a.fromDisclosureMs - b.fromDisclosureMs);
  if (some.length === 0) return absent(`a patch of ${what}, measured`);
  const limit = PATCH_MS_MAX[name];
  const inTime = some.filter(({ fromDisclosureMs }) => fromDisclosureMs <= limit).length;
  const median = some[Math.floor(some.length / 2)]!.fromDisclosureMs;
  return {
    what: `${inTime} of ${some.length} patches of ${what} came within ${days(limit)} of disclosure; median ${days(median)}, slowest ${days(some.at(-1)!.fromDisclosureMs)}`,
    good: inTime === some.length,
    at: some
      .map(({ at }) => at)
      .sort()
      .at(-1)!,
  };
}

async function ingest(source: EvidenceSource, now: number): Promise<Piece> {
  const decided = await source.events(['ingest-decided'], now - 366 * DAY_MS);
  if (decided.length === 0) return absent('data that was taken in, or refused');
  const refused = decided.filter(({ data }) => data['decision'] === 'refused').length;
  const unnamed = decided.filter(({ data }) => data['decision'] === 'allowed' && !data['by']).length;
  return {
    what: `${decided.length - refused} data sets were taken in from approved sources, ${refused} from others were refused`,
    good: unnamed === 0,
    // What was decided once holds until the next is.
    at: nowIso(now),
  };
}

/** The last backup of data, and what restoring one came to. Both hold until the next is due. */
async function backups(source: EvidenceSource, now: number): Promise<Piece[]> {
  const made = await lastBackup(source);
  const drilled = await source.latestEvent('backup-drilled');
  const ago = (at: string): string => days(now - Date.parse(at));
  return [
    made === null
      ? absent('a backup: name a folder for them as `backup.folder`')
      : {
          what: `the last backup is ${ago(made.at)} old, and was read again to its last byte`,
          good: now - Date.parse(made.at) <= BACKUP_AGE_MS_MAX && made.data['verified'] === true,
          at: nowIso(now),
        },
    drilled === null
      ? absent('a timed drill that restores a backup')
      : {
          what: `a backup was restored ${ago(drilled.at)} ago, in ${(Number(drilled.data['tookMs']) / 1000).toFixed(1)} s: ${String(drilled.data['detail'])}`,
          good: now - Date.parse(drilled.at) <= DRILL_AGE_MS_MAX && drilled.data['passed'] === true,
          at: nowIso(now),
        },
  ];
}

/** Evaluators of the controls about models, data, code and third parties. */
export const INVENTORY_EVALUATORS: Readonly<Record<string, Evaluator>> = {
  'DAT-01': async (source, now) => [
    await ingest(source, now),
    await probe(source, 'artefact-audit', 'a daily look at whether stored data is what it was'),
  ],
  'DAT-02': async (source) => [
    await probe(source, 'dataset-canary', 'a read of every data set by a person without a role on it'),
    await probe(source, 'role-rules', 'every role on every action, held against what no role may do'),
  ],
  'MOD-02': async (source, now, maxAge) => {
    const loads = await source.events(['artefact-loaded'], now - maxAge);
    const verified = loads.filter(({ data }) => data['verified'] === true).length;
    const unverified = loads.filter(
      ({ data }) => data['verified'] !== true && data['version'] !== null,
    ).length;
    return [
      loads.length === 0
        ? absent('loads of models through the registry')
        : {
            what: `${verified} loads of models were verified byte by byte, ${loads.length - verified} were refused`,
            good: unverified === 0,
            at: loads.at(-1)!.at,
          },
      await probe(source, 'artefact-audit', 'a daily look at whether stored models are what they were'),
      ...(await backups(source, now)),
    ];
  },
  'ACC-07': async (source) => {
    const { parties } = await source.inventory();
    if (parties.live === 0) return [absent('third parties that are approved, and measured')];
    return [
      {
        what: `${parties.assessed} of ${parties.live} approved third parties have an assessment that is not over`,
        good: parties.assessed === parties.live,
        at: parties.oldestAt,
      },
      parties.worst === null
        ? absent('the score of a third party')
        : {
            what: `the lowest score is ${parties.worst.score} of 100, of \`${parties.worst.name}\`; ${SCORE_MIN} are needed`,
            good: parties.worst.score >= SCORE_MIN,
            at: parties.oldestAt,
            subject: `integration:${parties.worst.name}`,
          },
      await probe(source, 'egress-refusal', 'calls outside every approved manifest, refused'),
    ];
  },
  'VUL-01': async (source, now) => {
    const counts = await source.inventory();
    if (counts.targets === 0)
      return [
        absent('folders of code or models that are watched (`inventory.watch`), or models in the registry'),
      ];
    const ageDays =
      counts.advisoriesNewest === null ? null : (now - Date.parse(counts.advisoriesNewest)) / DAY_MS;
    return [
      {
        what: `${counts.scanned} of ${counts.targets} watched folders and stored versions were scanned within a day`,
        good: counts.scanned === counts.targets,
        at: counts.oldestScanAt,
      },
      ageDays === null
        ? absent('a scan of dependencies with advisories at hand')
        : {
            what: `dependencies were held against advisories of which the newest is ${Math.floor(ageDays)} days old`,
            good: ageDays <= ADVISORY_DAYS_MAX,
            at: counts.oldestScanAt,
          },
      {
        what: `of code, models, packages and prompts, the scans of a day were of ${counts.kinds.join(', ') || 'none'}; ${counts.prompts} prompts and ${counts.images} container images were among what they read`,
        good: SCAN_KINDS.every((kind) => counts.kinds.includes(kind)),
        at: counts.oldestScanAt,
      },
      ...counts.kinds
        .filter((kind) => !counts.read.includes(kind))
        .map((kind) => absent(`a file that a scan of ${kind} read`)),
    ];
  },
  'VUL-03': async (source, now) => {
    const { findings, targets } = await source.inventory();
    if (targets === 0 || findings.seen === 0) return [absent('findings of scans')];
    return [
      {
        what: `${findings.seen} detections of scans are ${findings.open + findings.resolved} findings; ${findings.resolved} were closed, each by a scan that no longer saw it`,
        good: true,
        at: nowIso(now),
      },
      {
        what: `of ${findings.open} open ones ${findings.ownerless} have no owner, ${findings.overdue} are overdue`,
        good: findings.ownerless === 0 && findings.overdue === 0,
        at: nowIso(now),
      },
    ];
  },
  'GOV-02': async (source) => {
    const promoted = await source.latestEvent('version-promoted');
    return [
      promoted
        ? await probe(source, 'approval-signatures', 'the signatures under the approvals of what serves')
        : absent('a version that serves'),
      absent('approvals of tools and policies bound to their digests'),
    ];
  },
  'GOV-03': async (source) => {
    const { uses, read, oldestScanAt } = await source.inventory();
    return [
      await probe(source, 'shadow-seed', 'a seeded, unregistered use of AI, found'),
      uses.found === 0
        ? absent('a scan of sources or of logs of a proxy or resolver that found a use of AI')
        : {
            what: `${uses.decided} of ${uses.found} uses of AI that were found are decided on; ${uses.late} have waited for over a week`,
            good: uses.late === 0,
            at: uses.newestAt,
          },
      read.includes('sources')
        ? { what: 'watched sources and logs were searched within a day', good: true, at: oldestScanAt }
        : absent('a search of sources or of logs of a proxy or resolver (`inventory.watch`)'),
    ];
  },
  'CMP-01': async (source) => {
    const run = await source.latestEvent('ci-completed');
    return [
      run
        ? {
            what: `the latest check of a change (${String(run.data['reference'])}) ${run.data['passed'] === true ? 'passed' : 'failed, and so stopped it'}: ${String(run.data['checks'])}`,
            good: true,
            at: run.at,
          }
        : absent('a check of a change in a pipeline (`sallyport ci --report`)'),
      absent('an export of results in OSCAL'),
    ];
  },
  'CMP-04': async (source) => {
    const counts = await source.inventory();
    const late = counts.findings.overdue;
    return [
      patches(counts, 'exploited', 'vulnerabilities known to be exploited'),
      patches(counts, 'critical', 'critical vulnerabilities'),
      ...(counts.targets > 0
        ? [{ what: `${late} findings are open beyond their time`, good: late === 0, at: counts.oldestScanAt }]
        : []),
    ];
  },
  'KEY-02': async (source) => {
    const audit = await source.latestEvent('keys-unwrapped');
    const unwraps = (audit?.data['unwraps'] ?? {}) as Readonly<Record<string, number>>;
    return [
      await probe(source, 'artefact-sealed', 'a look at how every stored file begins'),
      audit
        ? {
            what: `keys of models and data sets were unwrapped ${unwraps['artefact'] ?? 0} times in the hour that was audited last`,
            good: true,
            at: audit.at,
          }
        : absent('a count of how often the keys of models were unwrapped'),
      absent('a record of who asked for each unwrapping'),
    ];
  },
};
