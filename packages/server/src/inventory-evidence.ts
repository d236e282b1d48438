import { clock, dueAt, type InventoryCounts, isAccepted, SCAN_KINDS } from '@sallyport/core';
import type { Control } from './control.ts';

const DAY_MS = 86_400_000;
/** Patches of the last this many days are measured. */
const PATCH_DAYS = 365;
/** Days within which somebody decides about a use of AI that was found. */
const DECIDE_DAYS = 7;

/** Counts what is in the inventory, and what is missing in it. */
export async function countInventory(control: Control): Promise<InventoryCounts> {
  const { store } = control.installation;
  const nowMs = clock.nowMs();
  const since = (days: number): string => new Date(nowMs - days * DAY_MS).toISOString();
  const [assets, versions, live, findings, uses, assessments, parties, scans, systems, here] =
    await Promise.all([
      store.inventory.assets(),
      store.inventory.versions(),
      store.inventory.deployments(true),
      store.findings.ofScans(since(PATCH_DAYS)),
      store.aiUses.list(),
      store.inventory.assessments(),
      control.thirdParties.list(),
      store.events.since(['scan-completed'], since(2)),
      control.systems(),
      store.people.here(),
    ]);
  const owned = new Map(
    assets.map(({ kind, name, owner }) => [`${kind}:${name}`, owner !== null && here.has(owner)]),
  );
  const real = systems.filter(({ demo }) => !demo);
  const byId = new Map(assets.map((asset) => [asset.id, asset]));
  // What is to be scanned every day: each watched folder in each way, each stored version.
  const targets = [
    ...control.config.inventory.watch.flatMap((watch) =>
      watch.for.map((kind) => `${kind} folder:${watch.name}`),
    ),
    ...versions.flatMap((version) => {
      const asset = byId.get(version.asset);
      return asset && version.stored ? [`model-files ${asset.kind}:${asset.name}@${version.label}`] : [];
    }),
  ];
  // One that broke off, or could not tell of the folder itself, looked at nothing.
  const looked = scans.filter(({ data }) => data['unclear'] !== null || Number(data['leftOut'] ?? 0) > 0);
  const scannedAt = new Map(
    looked.map(({ at, data }) => [`${String(data['kind'])} ${String(data['target'])}`, at]),
  );
  const times = targets.flatMap((target) => scannedAt.get(target) ?? []).sort();
  const open = findings.filter(({ status, demo }) => status === 'open' && !demo);
  const patched = findings.filter(
    ({ status, detector, technique, scanned }) =>
      status === 'resolved' &&
      detector === 'dependency' &&
      technique.endsWith('vulnerability') &&
      !Number.isNaN(Date.parse(scanned?.disclosedAt ?? '')),
  );
  const advisories = scans
    .filter(({ data }) => data['kind'] === 'dependencies')
    .map(({ data }) => data['advisories'] as string | null)
    .at(-1);
  const ofLastDay = (what: 'images' | 'prompts'): number => {
    const latest = new Map(
      scans
        .filter(({ at }) => at > since(1))
        .map(({ data }) => [`${String(data['kind'])} ${String(data['target'])}`, Number(data[what] ?? 0)]),
    );
    return [...latest.values()].reduce((sum, count) => sum + count, 0);
  };
  const approved = parties.filter((one) => one.live);
  const valid = assessments.filter(({ expiresAt }) => Date.parse(expiresAt) > nowMs);
  return {
    assets: assets.length,
    ownerless: [
      ...assets.filter(({ kind }) => kind !== 'system').map(({ kind, name }) => `${kind}:${name}`),
      ...real.map(({ name }) => `system:${name}`),
    ].filter((subject) => owned.get(subject) !== true).length,
    subjects: assets.filter(({ kind }) => kind !== 'system').length + real.length,
    versions: versions.length,
    serving: live.length,
    targets: targets.length,
    scanned: targets.filter((target) => (scannedAt.get(target) ?? '') > since(1)).length,
    oldestScanAt: times[0] ?? null,
    kinds: SCAN_KINDS.filter((kind) => looked.some(({ at, data }) => at > since(1) && data['kind'] === kind)),
    read: SCAN_KINDS.filter((kind) =>
      looked.some(({ at, data }) => at > since(1) && data['kind'] === kind && Number(data['files'] ?? 0) > 0),
    ),
    images: ofLastDay('images'),
    prompts: ofLastDay('prompts'),
    advisoriesNewest: advisories ?? null,
    findings: {
      open: open.length,
      ownerless: open.filter(({ owner, subject }) => owner === null && owned.get(subject) !== true).length,
      overdue: open.filter((finding) => !isAccepted(finding, nowMs) && Date.parse(dueAt(finding)) < nowMs)
        .length,
      resolved: findings.filter(({ status }) => status === 'resolved').length,
      seen: findings.reduce((sum, { count }) => sum + count, 0),
    },
    patches: patched.map(({ severity, scanned, resolvedAt, firstAt }) => ({
      severity,
      exploited: scanned!.exploited,
      at: resolvedAt!,
      fromDisclosureMs: Date.parse(resolvedAt!) - Date.parse(scanned!.disclosedAt),
      fromFirstSeenMs: Date.parse(resolvedAt!) - Date.parse(firstAt),
    })),
    uses: {
      found: uses.length,
      decided: uses.filter(({ decision }) => decision !== null).length,
      late: uses.filter(({ decision, firstAt }) => decision === null && firstAt < since(DECIDE_DAYS)).length,
      newestAt:
        uses
          .map(({ lastAt }) => lastAt)
          .sort()
          .at(-1) ?? null,
    },
    parties: {
      live: approved.length,
      assessed: approved.filter(({ name }) => valid.some((one) => one.party === name)).length,
      worst: valid
        .filter(({ party }) => approved.some(({ name }) => name === party))
        .reduce<{ name: string; score: number } | null>(
          (worst, { party, score }) =>
            worst === null || score < worst.score ? { name: party, score } : worst,
          null,
        ),
      oldestAt: valid.map(({ at }) => at).sort()[0] ?? null,
    },
  };
}
