import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ThirdParties } from '@sallyport/access';
import {
  type Config,
  clock,
  DEFAULT_USAGE_LIMITS,
  HYBRID_GROUP,
  newEvent,
  wilsonInterval,
} from '@sallyport/core';
import {
  entriesPath,
  formatProof,
  type Ledger,
  parseVerifierKey,
  VERIFIER_FILES,
  verifyLedger,
  verifyProof,
} from '@sallyport/ledger';
import type { PolicySet } from '@sallyport/policy';
import { SALT_BYTES } from '@sallyport/vault';
import { auditRunning } from './audit/running-audit.ts';
import { checkRoleRules } from './authorisation/role-rules.ts';
import { openContent } from './content.ts';
import { replayDecisions } from './decision-replay.ts';
import type { ProbeName } from './evidence.ts';
import type { GuardDesk, GuardDrill } from './guard-desk.ts';
import { INVENTORY_PROBES, type InventoryProbeContext } from './inventory-probes.ts';
import { keyInventory, quantumSafety } from './key-probes.ts';
import { knownSystems } from './snapshot.ts';
import { DIVERGENCE_WORDS } from './state-watch.ts';
import { withSyntheticKey } from './synthetic-key.ts';
import type { TlsState } from './tls/tls-endpoints.ts';

/** What a probe found; null where there is nothing to probe, `passed` is null where that is to be told. */
type Finding = { passed: boolean | null; detail: string } | null;

/** What asking every route without a session gave. */
export interface AskedRoutes {
  readonly asked: number;
  /** Those that answered all the same. */
  readonly open: readonly string[];
}

/** What probes may use. */
export interface ProbeContext extends InventoryProbeContext {
  readonly config: Config;
  /** Address of the gateway, when one runs. */
  readonly gatewayUrl: string | null;
  /** Asks every route of the control plane without a session; null where none is served. */
  readonly askRoutes: (() => Promise<AskedRoutes>) | null;
  /** The guard, where one runs. */
  readonly guard: GuardDesk | null;
  /** The policies that decide now. */
  readonly policies: PolicySet;
  /** Third parties and what they are approved for. */
  readonly thirdParties: ThirdParties;
  /** Asks every listener and endpoint what it agrees to. */
  readonly lookAtEndpoints: () => Promise<readonly TlsState[]>;
  /** Hands new keys to the gateway. */
  readonly publish: () => Promise<void>;
}

/** Asks about what lies outside every manifest: another place, another system, other data. */
async function egressRefusal({ thirdParties, config }: ProbeContext): Promise<Finding> {
  const live = (await thirdParties.list()).filter((one) => one.live);
  if (live.length === 0) return null;
  let asked = 0;
  const passed: string[] = [];
  for (const { name, manifest } of live) {
    const origin = manifest.origins[0]!;
    for (const call of [
      { origin, system: 'a-system-that-nobody-named' },
      { origin, dataClasses: ['a-class-that-nobody-named'] },
    ]) {
      asked++;
      if ((await thirdParties.decide(call, true)).allowed) passed.push(name);
    }
  }
  const required = config.access.manifests === 'required';
  const elsewhere = await thirdParties.decide({ origin: 'https://nobody.invalid' }, required);
  if (elsewhere.allowed)
    return {
      passed: false,
      detail: 'what no manifest names is let pass: set `access.manifests` to `required`',
    };
  return {
    passed: passed.length === 0,
    detail:
      passed.length === 0
        ? `all ${asked + 1} calls outside every manifest were refused`
        : `calls outside the manifest of ${passed.join(', ')} were let pass`,
  };
}

const PROBE_ANSWER_MAX = 4_096;
const verifierKeys = ({ verifierKey, quantumSafeVerifierKey }: Ledger): string[] => [
  verifierKey,
  quantumSafeVerifierKey,
];

async function ledgerVerify({ installation, publish }: ProbeContext): Promise<Finding> {
  await installation.ledger.checkpointNow();
  if (await installation.state.look()) await publish();
  const [row] = installation.state.diverging;
  if (row)
    return {
      passed: false,
      detail: `\`${row.row}\` does not follow from the log: ${DIVERGENCE_WORDS[row.why]}`,
    };
  const { log, content, state } = await auditRunning(installation);
  const [problem] = [...log.problems, ...content.problems, ...state.problems];
  return {
    passed: problem === undefined,
    detail: problem
      ? `the record does not verify: ${problem.message}`
      : `all ${log.size} entries of the log verify against the signed checkpoint; ${content.checked} contents were opened and are what it says, ${content.unchecked} were not in the sample; ${state.exchanges} exchanges are in the state as it says`,
  };
}

/** Copies the end of the log, changes one byte, and expects to be told. */
async function tamperDrill({ installation }: ProbeContext): Promise<Finding> {
  const { folder, checkpoint } = installation.ledger;
  if (checkpoint.size === 0 || checkpoint.size > 100_000) return null;
  const copy = mkdtempSync(join(tmpdir(), 'sallyport-drill-'));
  try {
    cpSync(folder, copy, {
      recursive: true,
      filter: (path) =>
        !path.startsWith(join(folder, 'content')) && !path.startsWith(join(folder, 'journal')),
    });
    const n = Math.floor((checkpoint.size - 1) / 256);
    const width = Math.min(256, checkpoint.size - n * 256);
    const path = [entriesPath(n, width), entriesPath(n, 256)]
      .map((name) => join(copy, name))
      .find((name) => existsSync(name));
    if (!path) return null;
    const bytes = readFileSync(path);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    writeFileSync(path, bytes);
    const report = await verifyLedger(copy, verifierKeys(installation.ledger));
    return {
      passed: !report.ok,
      detail: report.ok
        ? 'a changed byte in a copy of the log went unnoticed'
        : 'a changed byte in a copy of the log was found and placed',
    };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Proves the last entry, and holds that against the public keys as they were published, and nothing else. */
async function offlineProof({ installation }: ProbeContext): Promise<Finding> {
  const { ledger } = installation;
  await ledger.checkpointNow();
  const index = ledger.checkpoint.size - 1;
  if (index < 0) return null;
  const { leaves, note } = await ledger.prove([index]);
  const { leaf, proof } = leaves[0]!;
  const file = formatProof({ index, hashes: proof, extra: leaf, note });
  const keys = VERIFIER_FILES.map((name) =>
    parseVerifierKey(readFileSync(join(ledger.folder, name), 'utf8')),
  );
  try {
    const { checkpoint } = verifyProof(file, keys);
    return {
      passed: true,
      detail: `a proof of entry ${index} of ${checkpoint.size} holds with nothing but the ${keys.length} public keys`,
    };
  } catch (fault) {
    return { passed: false, detail: `a proof of entry ${index} does not hold: ${(fault as Error).message}` };
  }
}

async function rootKey({ installation }: ProbeContext): Promise<Finding> {
  const { place, exposed } = installation.rootKey;
  if (place !== 'outside')
    return { passed: false, detail: 'the root key lies beside the data that it protects' };
  if (exposed) return { passed: false, detail: 'the root key can be read by other users of this machine' };
  return {
    passed: true,
    detail: `the root key lies outside the data folder, readable by its owner only; ${installation.dataKeys.size} data keys are wrapped by it`,
  };
}

/** Opens recent sealed content: each must need a key, and must not be readable without. */
async function sealedContent({ installation }: ProbeContext): Promise<Finding> {
  const rows = await installation.store.exchanges.list({ limit: 200 });
  let opened = 0;
  for (const row of rows) {
    if (row.demo === 1 || row.synthetic === 1 || opened >= 25) continue;
    const found = await openContent(installation, row.intent_index);
    if (!found) continue;
    const content = found.plain.subarray(SALT_BYTES);
    if (content.length >= 16 && Buffer.from(found.sealed).includes(Buffer.from(content.subarray(0, 16)))) {
      return { passed: false, detail: `the content of ${row.id} is stored in the clear` };
    }
    opened++;
  }
  const stray = existsSync(join(installation.folder, 'content'))
    ? readdirSync(join(installation.folder, 'content')).length
    : 0;
  if (opened === 0) return null;
  return {
    passed: stray === 0,
    detail: `${opened} stored contents were opened with their keys; none is readable without`,
  };
}

async function sequenceGaps({ installation }: ProbeContext): Promise<Finding> {
  if ((await installation.store.exchanges.counts('1970')).total === 0) return null;
  const gaps = await installation.store.exchanges.sequenceGaps();
  const missing = gaps.reduce((sum, gap) => sum + gap.missing, 0) + installation.gaps.missing;
  return {
    passed: missing === 0,
    detail:
      missing === 0
        ? 'the sequence numbers of all workers have no gap, and what they were told is durable is in the log'
        : `${missing} sequence numbers are missing from the record`,
  };
}

async function transport({ lookAtEndpoints }: ProbeContext): Promise<Finding> {
  const states = await lookAtEndpoints();
  if (!states.some(({ name }) => name.startsWith('system:'))) return null;
  const wrong = states.find(({ problem }) => problem !== null);
  if (wrong) return { passed: false, detail: `\`${wrong.name}\`: ${wrong.problem}` };
  const over = states.filter(({ protocol }) => protocol !== null);
  // It takes the place of what was found while there was one that spoke TLS.
  if (over.length === 0)
    return {
      passed: null,
      detail: `a connection over TLS: all ${states.length} listeners and endpoints are on loopback, where nothing leaves this machine`,
    };
  const hybrid = over.filter(({ group }) => group === HYBRID_GROUP).length;
  return {
    passed: true,
    detail: `of ${states.length} listeners and endpoints ${over.length} speak TLS 1.3, ${states.length - over.length} are on loopback; ${hybrid} agree on keys in ${HYBRID_GROUP}`,
  };
}

/** Calls the gateway with a synthetic key that must be refused with a certain code. */
async function refusedCall(context: ProbeContext, kind: 'over-limit-call' | 'retired-key'): Promise<Finding> {
  const { gatewayUrl, installation, config } = context;
  const system = (await knownSystems(config, installation)).find(
    (one) => one.config.dialect === 'openai' && (kind === 'retired-key' || !one.demo),
  );
  if (gatewayUrl === null || !system) return null;
  const retired = kind === 'retired-key';
  const key = {
    actor: 'sallyport',
    name: `probe ${kind}`,
    system,
    limits: {
      ...DEFAULT_USAGE_LIMITS,
      requestsPerMinute: retired ? DEFAULT_USAGE_LIMITS.requestsPerMinute : 0,
    },
    lifeMs: 600_000,
    revoked: retired,
  };
  return withSyntheticKey(installation, context.publish, key, async (secret) => {
    const response = await fetch(`${gatewayUrl}/s/${system.name}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: system.name, messages: [{ role: 'user', content: 'probe' }] }),
      signal: AbortSignal.timeout(10_000),
    });
    const said = (await response.text().catch(() => '')).slice(0, PROBE_ANSWER_MAX);
    const wanted = retired ? 'key-revoked' : 'over-limit';
    const what = retired ? 'a call with a revoked key' : 'a synthetic call over its limit';
    // By the code, since an AI system may answer with the same status.
    const refused = response.headers.has('x-sallyport-exchange') && said.includes(`"code":"${wanted}"`);
    return {
      passed: response.status === (retired ? 401 : 400) && refused,
      detail: `${what} was answered with ${response.status}`,
    };
  });
}

async function routePermissions({ askRoutes }: ProbeContext): Promise<Finding> {
  if (!askRoutes) return null;
  const { asked, open } = await askRoutes();
  return open.length === 0
    ? { passed: true, detail: `all ${asked} routes of the control plane refuse whoever is not signed in` }
    : {
        passed: false,
        detail: `${open.length} of ${asked} routes answer without a session, such as ${open[0]}`,
      };
}

async function roleRules({ policies }: ProbeContext): Promise<Finding> {
  const { asked, broken } = checkRoleRules(policies);
  return broken.length === 0
    ? {
        passed: true,
        detail: `in ${asked} questions no role did with one factor what needs more, nobody approved their own, and no program administered`,
      }
    : {
        passed: false,
        detail: `${broken.length} of ${asked} questions were answered against the rules: ${broken[0]}`,
      };
}

/** How often the guard is tried: its models change with the version only. */
const DRILL_EVERY_MS = 20 * 3_600_000;
/** What a guard as delivered reaches on the texts of the drill. */
const [SEEN_MIN, FLAGGED_MAX] = [0.9, 0.03];

/** The 95 % interval of a share, in percent. */
function interval(hits: number, of: number): string {
  const [low, high] = wilsonInterval(hits, of);
  return `${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)} %`;
}

/** Runs the drill once a night for both probes that read it; a demonstration needs none. */
async function drill(context: ProbeContext, name: ProbeName): Promise<GuardDrill | null> {
  const { config, installation, guard } = context;
  if (!guard || (await knownSystems(config, installation)).every(({ demo }) => demo)) return null;
  const last = await installation.store.events.latest('probe-completed', `probe:${name}`);
  if (last && last.data['passed'] === true && clock.nowMs() - Date.parse(last.at) < DRILL_EVERY_MS)
    return null;
  return guard.drill();
}

async function guardDetection(context: ProbeContext): Promise<Finding> {
  const drilled = await drill(context, 'guard-detection');
  if (!drilled) return null;
  const { attacks, seen, harmless, flagged } = drilled.detection;
  return {
    passed: seen / attacks >= SEEN_MIN && flagged / harmless <= FLAGGED_MAX,
    detail:
      `of ${attacks} attacks generated in 28 languages ${seen} were seen (${interval(seen, attacks)}), of ${harmless} everyday ` +
      `texts ${flagged} were flagged (${interval(flagged, harmless)}): the guard works as delivered; how well on texts of others is in its report`,
  };
}

async function guardResidual(context: ProbeContext): Promise<Finding> {
  const drilled = await drill(context, 'guard-residual');
  if (!drilled) return null;
  const { planted, left } = drilled.residual;
  return {
    passed: left === 0,
    detail: `of ${planted} personal values planted in texts ${left} were left when the texts had been masked and were read again`,
  };
}

async function decisionReplay({ installation, config, policies }: ProbeContext): Promise<Finding> {
  const { replayed, differing } = await replayDecisions(installation, config, policies, clock.nowMs());
  if (replayed === 0) return null;
  return {
    passed: differing.length === 0,
    detail:
      differing.length === 0
        ? `${replayed} calls of the last day were decided again from the record, each as it was decided then`
        : `of ${replayed} calls of the last day ${differing.length} would be decided differently: ${differing.slice(0, 3).join(', ')}`,
  };
}

const PROBES: Readonly<Record<ProbeName, (context: ProbeContext) => Promise<Finding>>> = {
  'ledger-verify': ledgerVerify,
  'tamper-drill': tamperDrill,
  'offline-proof': offlineProof,
  'root-key': rootKey,
  'key-inventory': keyInventory,
  'quantum-safety': quantumSafety,
  'sealed-content': sealedContent,
  'sequence-gaps': sequenceGaps,
  transport,
  'over-limit-call': (context) => refusedCall(context, 'over-limit-call'),
  'retired-key': (context) => refusedCall(context, 'retired-key'),
  'route-permissions': routePermissions,
  'role-rules': roleRules,
  'guard-detection': guardDetection,
  'guard-residual': guardResidual,
  'decision-replay': decisionReplay,
  'egress-refusal': egressRefusal,
  ...INVENTORY_PROBES,
};

/** Runs every probe and records what each found. A probe that cannot run is recorded as failed, with the reason. */
export async function runProbes(
  context: ProbeContext,
  names: readonly ProbeName[] = Object.keys(PROBES) as ProbeName[],
): Promise<void> {
  for (const name of names) {
    const found = await PROBES[name](context).catch(
      (fault: Error): Finding => ({ passed: false, detail: `the probe could not run: ${fault.message}` }),
    );
    if (found === null) continue;
    await context.installation.announce(
      newEvent('probe-completed', { actor: 'sallyport', subject: `probe:${name}`, data: { ...found } }),
    );
  }
  await context.installation.flush();
}
