import { newEvent } from '@sallyport/core';
import type { ProbeName } from '../evidence.ts';
import { inputAction, redactionAction, ruleDecides } from './action-probes.ts';
import { egressRefusal, refusedCall, roleRules, routePermissions, transport } from './gate-probes.ts';
import { guardDetection, guardResidual } from './guard-probes.ts';
import {
  approvalSignatures,
  artefactAudit,
  artefactSealed,
  datasetCanary,
  shadowSeed,
} from './inventory-probes.ts';
import { keyInventory, quantumSafety, rootKey } from './key-probes.ts';
import type { Found, ProbeContext } from './probe-context.ts';
import {
  decisionReplay,
  ledgerVerify,
  offlineProof,
  sealedContent,
  sequenceGaps,
  tamperDrill,
} from './record-probes.ts';

type Probe = (context: ProbeContext) => Promise<Found>;

/** Run whether or not a gateway does. */
const ALWAYS = {
  'root-key': rootKey,
  'key-inventory': keyInventory,
  'quantum-safety': quantumSafety,
  'offline-proof': offlineProof,
  'sealed-content': sealedContent,
  'sequence-gaps': sequenceGaps,
  transport,
  'route-permissions': routePermissions,
  'role-rules': roleRules,
  'rule-decides': ruleDecides,
  'egress-refusal': egressRefusal,
  'artefact-audit': artefactAudit,
  'artefact-sealed': artefactSealed,
  'approval-signatures': approvalSignatures,
  'dataset-canary': datasetCanary,
} as const satisfies Partial<Record<ProbeName, Probe>>;

/** Run while a gateway does. */
const LIVE = {
  'over-limit-call': (context) => refusedCall(context, 'over-limit-call'),
  'retired-key': (context) => refusedCall(context, 'retired-key'),
  'guard-detection': guardDetection,
  'guard-residual': guardResidual,
  'input-action': inputAction,
  'redaction-action': redactionAction,
  'decision-replay': decisionReplay,
  'shadow-seed': shadowSeed,
} as const satisfies Partial<Record<ProbeName, Probe>>;

/** Run last: of a long log they take long. */
const LONG = {
  'ledger-verify': ledgerVerify,
  'tamper-drill': tamperDrill,
} as const satisfies Partial<Record<ProbeName, Probe>>;

const PROBES: Readonly<Record<ProbeName, Probe>> = { ...ALWAYS, ...LIVE, ...LONG };

/** Names of the probes that can run, in the order in which they do. */
export function probesToRun(hasGateway: boolean): ProbeName[] {
  return Object.keys(hasGateway ? PROBES : { ...ALWAYS, ...LONG }) as ProbeName[];
}

/**
 * Runs probes and records what each found. A probe that cannot run is recorded as failed, with the reason; of those that
 * are ended nothing is recorded.
 */
export async function runProbes(context: ProbeContext, names: readonly ProbeName[]): Promise<void> {
  for (const name of names) {
    const found = await PROBES[name](context).catch(
      (fault: Error): Found => ({ passed: false, detail: `the probe could not run: ${fault.message}` }),
    );
    if (context.signal.aborted) break;
    if (found === null) continue;
    await context.installation.announce(
      newEvent('probe-completed', { actor: 'sallyport', subject: `probe:${name}`, data: { ...found } }),
    );
  }
  await context.installation.flush();
}
