import { KeyRing, type KeyVerdict, TrustedProxies } from '@sallyport/access';
import {
  type Action,
  atLeast,
  CodedError,
  type Detection,
  type DetectorName,
  type DialectName,
  type GatewaySettings,
  type GatewaySnapshot,
  isNamePointer,
  type KeySnapshot,
  type PriceSet,
  PriceTable,
  type SystemSnapshot,
  stricter,
  type Verdict,
} from '@sallyport/core';
import { ConditionSet, PolicySet } from '@sallyport/policy';
import { type SealingKey, sealingKey } from '@sallyport/vault';
import type { ShutOut } from './messages.ts';
import { refusalOf } from './upstream.ts';

/** How long a call may go on whose key expired meanwhile: to cut an answer short would serve no one. */
const EXPIRED_GRACE_MS = 5 * 60_000;

/** What is done about a detection where the system's own policy says nothing. */
const DEFAULT_ACTIONS: Readonly<Record<'input' | 'output', Readonly<Record<DetectorName, Action>>>> = {
  input: {
    injection: 'deny',
    pii: 'redact',
    secret: 'redact',
    canary: 'deny',
    'system-prompt-leak': 'flag',
    link: 'flag',
    obfuscation: 'flag',
    schema: 'deny',
    attachment: 'flag',
    rule: 'deny',
    command: 'flag',
    condition: 'deny',
    'training-echo': 'allow',
    content: 'flag',
    unread: 'deny',
  },
  output: {
    injection: 'flag',
    pii: 'redact',
    secret: 'deny',
    canary: 'deny',
    'system-prompt-leak': 'deny',
    link: 'deny',
    obfuscation: 'flag',
    schema: 'deny',
    attachment: 'flag',
    rule: 'deny',
    command: 'flag',
    condition: 'deny',
    'training-echo': 'deny',
    content: 'flag',
    unread: 'deny',
  },
};

/** Detectors that find values, and not intentions: how grave one is says nothing of how sure it is. */
const VALUES: ReadonlySet<string> = new Set(['pii', 'secret']);

/**
 * The action for one detection. Of what is only suspected, what is of medium severity or less is flagged where graver things are
 * denied.
 */
export function actionFor(
  system: Pick<SystemSnapshot, 'policy'>,
  direction: 'input' | 'output',
  detection: Detection,
): Action {
  if (detection.shadow) return 'allow';
  const action =
    system.policy[direction][detection.detector] ?? DEFAULT_ACTIONS[direction][detection.detector];
  // What only says that somebody or something is named, such as a place, is noted and left.
  if (action === 'redact' && detection.severity === 'info') return 'allow';
  // The name of a member cannot be replaced, nor can a number of a request; in an answer a string takes its place.
  const number = detection.place === 'number' && direction === 'input';
  if (action === 'redact' && (isNamePointer(detection.location.pointer) || number)) return 'deny';
  // An id, an address or bytes stay whole: an edit there would break the call. No answer needs a secret as an id.
  if (action === 'redact' && detection.place === 'fixed') return direction === 'output' ? 'deny' : 'flag';
  if (action !== 'deny' || detection.detector === 'attachment') return action;
  // Who says that values are denied means all of them; what only says that somebody is named is noted.
  const said = VALUES.has(detection.detector) && system.policy[direction][detection.detector] === 'deny';
  if (said) return detection.severity === 'info' ? 'flag' : 'deny';
  return atLeast(detection.severity, 'high') ? 'deny' : 'flag';
}

/**
 * A system as it stands to texts that are made into vectors. Placeholders that are numbered within a call would make different
 * texts alike, so `privacy.embeddings` says what becomes of values in its place.
 */
export function forVectors<System extends Pick<SystemSnapshot, 'policy' | 'privacy'>>(
  system: System,
): System {
  const { policy, privacy } = system;
  if (privacy.embeddings === 'pseudonymise')
    return { ...system, privacy: { ...privacy, redact: 'pseudonymise' } };
  const action: Action = privacy.embeddings === 'deny' ? 'deny' : 'flag';
  const input = { ...policy.input };
  for (const detector of ['pii', 'secret'] as const)
    if ((input[detector] ?? DEFAULT_ACTIONS.input[detector]) === 'redact') input[detector] = action;
  return { ...system, policy: { ...policy, input } };
}

/** The verdict over all detections: the strictest action; in observe mode nothing is changed, only noted. */
export function verdictOf(
  system: Pick<SystemSnapshot, 'policy' | 'mode'>,
  direction: 'input' | 'output',
  detections: readonly Detection[],
): Verdict {
  let wouldBe: Action = 'allow';
  for (const detection of detections) wouldBe = stricter(wouldBe, actionFor(system, direction, detection));
  const action = system.mode === 'enforce' || wouldBe === 'allow' ? wouldBe : 'flag';
  return { action, wouldBe, detections };
}

/** One snapshot, made ready for look-ups. */
export class GatewayState {
  readonly version: number;
  readonly settings: GatewaySettings;
  readonly keys: KeyRing;
  readonly proxies: TrustedProxies;
  readonly policies: PolicySet;
  readonly conditions: ConditionSet;
  readonly #prices: PriceTable;
  readonly #pricesVersion: string;
  readonly #rules: string;
  readonly systems: ReadonlyMap<string, SystemSnapshot>;
  /** The key that seals content of a system today. */
  readonly sealing: ReadonlyMap<string, SealingKey>;
  #shutKeys: ReadonlySet<string> = new Set();
  #shutIntegrations: ReadonlySet<string> = new Set();

  constructor(snapshot: GatewaySnapshot, before?: GatewayState) {
    this.version = snapshot.version;
    this.settings = snapshot.settings;
    this.keys = new KeyRing(snapshot.keys);
    this.proxies = new TrustedProxies(snapshot.settings.trustedProxies);
    this.policies =
      before?.policies.version === snapshot.policies.version
        ? before.policies
        : PolicySet.validated(snapshot.policies.text, snapshot.policies.version);
    this.#rules = snapshot.rules.version;
    this.conditions =
      before && before.#rules === this.#rules
        ? before.conditions
        : ConditionSet.of(snapshot.rules.conditions);
    const { version, rows } = snapshot.prices;
    this.#pricesVersion = version;
    this.#prices = before && before.#pricesVersion === version ? before.#prices : new PriceTable(rows);
    this.systems = new Map(snapshot.systems.map((system) => [system.name, system]));
    this.sealing = new Map(
      snapshot.systems.flatMap((system) =>
        system.dataKeys[0] ? [[system.name, sealingKey(system.dataKeys[0])]] : [],
      ),
    );
  }

  /** What the tokens of a model cost; null where nobody said. */
  pricesOf({ name, prices }: SystemSnapshot, model: string): PriceSet | null {
    return this.#prices.of(name, model) ?? prices ?? null;
  }

  /** Shuts out what was revoked since this snapshot was built. */
  shut({ keys, integrations }: ShutOut): void {
    this.#shutKeys = new Set(keys);
    this.#shutIntegrations = new Set(integrations);
  }

  /** Recognises a presented key. @param nowMs wall-clock time */
  verify(presented: string | null, nowMs: number): KeyVerdict {
    const verdict = this.keys.verify(presented, nowMs);
    return verdict.key && this.#shutKeys.has(verdict.key.id)
      ? { code: 'key-revoked', key: verdict.key }
      : verdict;
  }

  /**
   * Why a call that is under way may go on no longer, after what was shut out since; null where it may. What ends by
   * itself is given time: a key that expires, or an approval, says nothing against calls that began before.
   */
  stops(key: KeySnapshot, system: SystemSnapshot, nowMs: number): CodedError | null {
    const now = this.keys.known(key);
    if (!now || now.revoked || this.#shutKeys.has(key.id)) return new CodedError('key-revoked');
    if (now.expiresAtMs + EXPIRED_GRACE_MS <= nowMs) return new CodedError('key-expired');
    const to = this.systems.get(system.name);
    if (!to) return new CodedError('system-unknown', `the system \`${system.name}\` was removed`);
    if (!now.systems.includes(system.name))
      return new CodedError('not-authorised', `the key does not open \`${system.name}\` any more`);
    if (to.quarantined) return new CodedError('system-quarantined');
    // Without keys to seal with it is held for new calls only: the keeper of the root is away, and no one was shut out.
    if (to.held !== null && to.dataKeys.length > 0)
      return new CodedError('gate-closed', `\`${to.name}\`: ${to.held}`);
    const { integration } = to;
    if (integration === null) return null;
    const why = this.#shutIntegrations.has(integration.name)
      ? 'it was shut out just now'
      : integration.refusal;
    return why === null ? null : new CodedError('integration-refused', `\`${integration.name}\`: ${why}`);
  }

  /** Refuses a system to which nothing may go, whatever policies say. @throws CodedError */
  requireOpen({ name, quarantined, apiKeyRef, apiKey, held, integration }: SystemSnapshot): void {
    if (quarantined) throw new CodedError('system-quarantined');
    if (held !== null) throw new CodedError('gate-closed', `\`${name}\`: ${held}`);
    if (integration !== null && this.#shutIntegrations.has(integration.name))
      throw new CodedError('integration-refused', `\`${integration.name}\` was shut out just now`);
    const refusal = refusalOf(integration);
    if (refusal !== null) throw refusal;
    if (apiKeyRef !== undefined && apiKey === null) throw new CodedError('upstream-credential-missing');
  }

  /**
   * The system a call is for: by path prefix, else by model name among the key's systems of the dialect, else the
   * only one of those. A model that names a system of another dialect is for none.
   * @returns the system, and the model name to forward when the caller wrote `SYSTEM/MODEL`
   * @throws CodedError `system-unknown`, `system-ambiguous`, `not-authorised`
   */
  choose(
    key: KeySnapshot,
    dialect: DialectName,
    named: string | null,
    model: string | null,
  ): { system: SystemSnapshot; model: string | null } {
    if (named !== null) {
      const system = this.systems.get(named);
      if (!system || system.dialect !== dialect)
        throw new CodedError('system-unknown', `no system \`${named}\` speaks this dialect`);
      return { system, model };
    }
    const own = key.systems
      .map((name) => this.systems.get(name))
      .filter((system) => system?.dialect === dialect) as SystemSnapshot[];
    if (model !== null) {
      // No list of models takes the name of a system.
      const direct =
        own.find(({ name }) => name === model) ?? own.find(({ models }) => models.includes(model));
      if (direct) return { system: direct, model };
      const slash = model.indexOf('/');
      const prefixed = slash > 0 ? own.find((system) => system.name === model.slice(0, slash)) : undefined;
      if (prefixed) return { system: prefixed, model: model.slice(slash + 1) };
      const foreign =
        this.systems.get(model) ?? (slash > 0 ? this.systems.get(model.slice(0, slash)) : undefined);
      if (foreign?.dialect === dialect) return { system: foreign, model };
      // What names a system goes to that one or nowhere: its text is not for another provider.
      if (foreign && !key.systems.includes(foreign.name)) throw new CodedError('not-authorised');
      if (foreign)
        throw new CodedError('system-unknown', `\`${foreign.name}\` speaks ${foreign.dialect}: call it so`);
    }
    if (own.length === 1) return { system: own[0]!, model };
    if (own.length === 0)
      throw new CodedError('not-authorised', 'the key has no system that speaks this dialect');
    throw new CodedError('system-ambiguous');
  }
}
