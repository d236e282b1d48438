import type { Config, ExchangeLeaf } from '@sallyport/core';
import { NOT_SHOWN, verdictOf } from '@sallyport/gateway';
import type { PolicySet } from '@sallyport/policy';
import type { Installation } from './installation.ts';
import { knownSystems } from './snapshot.ts';

/** Calls replayed at most, the latest first. */
const CALLS_MAX = 2_000;
/** Until a change has reached every worker. */
const SETTLED_MS = 5_000;
const DAY_MS = 86_400_000;

/** What deciding again came to. */
export interface Replay {
  readonly replayed: number;
  /** Ids of calls that would be decided differently. */
  readonly differing: readonly string[];
}

/** Since when the settings are what they are now. */
async function unchangedSince({ store }: Installation, nowMs: number): Promise<number> {
  const changes = await Promise.all(
    (['configuration-loaded', 'upstream-added', 'upstream-changed', 'upstream-removed'] as const).map(
      (type) => store.events.latest(type),
    ),
  );
  return Math.max(nowMs - DAY_MS, ...changes.map((event) => (event ? Date.parse(event.at) + SETTLED_MS : 0)));
}

/**
 * Decides the calls of the last day again from what the record says of them: who may do what, and what is done about
 * what was seen. Calls before a change of settings are left out.
 * @param set the policies that decide now
 */
export async function replayDecisions(
  installation: Installation,
  config: Config,
  set: PolicySet,
  nowMs: number,
): Promise<Replay> {
  const { store, ledger } = installation;
  const keys = new Map((await store.keys.list()).map((key) => [key.id, key]));
  const systems = new Map((await knownSystems(config, installation)).map((system) => [system.name, system]));
  const from = new Date(await unchangedSince(installation, nowMs)).toISOString();
  const differing: string[] = [];
  let replayed = 0;
  for (const row of await store.exchanges.list({ limit: CALLS_MAX, from })) {
    for await (const { leaf: bytes } of ledger.read(row.intent_index, row.intent_index + 1)) {
      const leaf = JSON.parse(Buffer.from(bytes).toString()) as ExchangeLeaf;
      if (leaf.type === 'exchange-outcome' || leaf.demo || leaf.synthetic || leaf.run !== installation.run)
        continue;
      const key = keys.get(leaf.actor.replace(/^key:/, ''));
      const system = leaf.system === null ? undefined : systems.get(leaf.system);
      if (!key || !system || leaf.policy?.version !== set.version || leaf.model === NOT_SHOWN) continue;
      const { ids } = leaf.policy;
      replayed++;
      // The record has the model as the caller wrote it; `SYSTEM/MODEL` may have been decided as `MODEL`.
      const model = leaf.model ?? '';
      const decided = [...new Set([model, model.replace(`${system.name}/`, '')])].map((one) =>
        set.decide({
          key: { id: key.id, systems: key.systems, demo: key.demo },
          system: { ...system.config, name: system.name, demo: system.demo },
          operation: leaf.operation ?? '',
          model: one,
          stream: leaf.stream,
          nowMs: Date.parse(leaf.at),
        }),
      );
      const refused = leaf.type === 'exchange-denied' && leaf.code === 'not-authorised';
      const { verdict } = leaf;
      // Names of members that callers chose are not in the record, and what they were matters to redaction.
      const whole = verdict && !verdict.detections.some(({ location }) => location.pointer.includes('*'));
      const again = whole ? verdictOf(system.config, 'input', verdict.detections) : verdict;
      const same =
        decided.some(({ allowed, policyIds }) => allowed === !refused && policyIds.join() === ids.join()) &&
        again?.action === verdict?.action &&
        again?.wouldBe === verdict?.wouldBe;
      if (!same) differing.push(leaf.id);
    }
  }
  return { replayed, differing };
}
