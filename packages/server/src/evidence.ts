import { countAccounts } from '@sallyport/access';
import type {
  AccountCounts,
  Config,
  EvidenceSource,
  InventoryCounts,
  ProbeResult,
  ThirdPartyCounts,
} from '@sallyport/core';
import type { Installation } from './installation.ts';
import { knownSystems } from './snapshot.ts';

/**
 * What governance reads: projections of the record and the latest results of probes.
 * @param thirdParties counts third parties
 * @param inventory counts models, data and findings
 * @param keys counts keys, and those whose owner left
 */
export function evidenceSource(
  config: Config,
  installation: Installation,
  thirdParties: () => Promise<ThirdPartyCounts>,
  inventory: () => Promise<InventoryCounts>,
  keys: () => Promise<Pick<AccountCounts, 'keys' | 'keysOwnerless'>>,
): EvidenceSource {
  const { store } = installation;
  return {
    exchangeCounts: (sinceMs, system) => store.exchanges.counts(new Date(sinceMs).toISOString(), system),
    systems: async () =>
      (await knownSystems(config, installation)).map(({ name, demo, config: own }) => ({
        name,
        demo,
        mode: own.mode,
      })),
    keys: async () => (await store.keys.list()).filter((key) => !key.synthetic),
    latestEvent: (type, subject, saying) => store.events.latest(type, subject, saying),
    events: (types, sinceMs) => store.events.since(types, new Date(sinceMs).toISOString()),
    thirdParties,
    inventory,
    accounts: async () => ({
      ...(await countAccounts(store, config.access.unusedGrantDays)),
      ...(await keys()),
    }),
    probes: async () => {
      const results: ProbeResult[] = [];
      for (const probe of PROBE_NAMES) {
        const event = await store.events.latest('probe-completed', `probe:${probe}`);
        if (event)
          results.push({
            probe,
            at: event.at,
            passed: event.data['passed'] === null ? null : event.data['passed'] === true,
            detail: String(event.data['detail']),
          });
      }
      return results;
    },
  };
}

/** Names of the probes there are. */
const PROBE_NAMES = [
  'ledger-verify',
  'tamper-drill',
  'offline-proof',
  'root-key',
  'key-inventory',
  'quantum-safety',
  'sealed-content',
  'sequence-gaps',
  'transport',
  'over-limit-call',
  'retired-key',
  'route-permissions',
  'role-rules',
  'guard-detection',
  'guard-residual',
  'input-action',
  'redaction-action',
  'rule-decides',
  'decision-replay',
  'egress-refusal',
  'artefact-audit',
  'artefact-sealed',
  'approval-signatures',
  'dataset-canary',
  'shadow-seed',
] as const;
export type ProbeName = (typeof PROBE_NAMES)[number];
