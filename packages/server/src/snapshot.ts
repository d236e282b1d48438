import { behindSystem, type ThirdParty } from '@sallyport/access';
import {
  type Config,
  clock,
  type GatewaySettings,
  type GatewaySnapshot,
  type KeySnapshot,
  type RowProfile,
  type SystemConfig,
  type SystemSnapshot,
  usageLimits,
} from '@sallyport/core';
import { Counters } from '@sallyport/gateway';
import { defaultPolicyText, PolicySet, requirePolicyTests } from '@sallyport/policy';
import type { KeyRow } from '@sallyport/store';
import { resolveSecret } from './config-file.ts';
import type { Installation } from './installation.ts';
import { readProfile, readTrainingEcho } from './learned-files.ts';
import { type LoadedRules, readRules } from './rules-folder.ts';
import { isOwn } from './third-parties.ts';
import { ListenerCertificates } from './tls/listener.ts';

/** A system, wherever it was named. */
export interface KnownSystem {
  readonly name: string;
  readonly config: SystemConfig;
  readonly demo: boolean;
  readonly origin: 'file' | 'command' | 'demo';
}

/** Every system: those of the file first; a name in the file wins. */
export async function knownSystems(config: Config, installation: Installation): Promise<KnownSystem[]> {
  const systems = new Map<string, KnownSystem>();
  for (const row of await installation.store.systems.list()) systems.set(row.name, row);
  for (const [name, own] of Object.entries(config.systems))
    systems.set(name, { name, config: own, demo: false, origin: 'file' });
  return [...systems.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** Files as they were when they were loaded. */
interface Loaded {
  readonly policies: PolicySet;
  readonly rules: GatewaySnapshot['rules'];
  readonly tls: GatewaySettings['tls'];
  /** Profiles of rows, by file. */
  readonly profiles: Map<string, RowProfile>;
  /** Filters of training texts, by file. */
  readonly echoes: Map<string, Uint8Array>;
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Why no call goes to any system while whoever keeps the root key is out of reach. */
const KEYS_AWAY = 'the keeper of the root key is out of reach, and what is said cannot be sealed';
const NO_KEY = new Uint8Array(32);

/** Builds snapshots for the gateway and keeps the places of keys and systems in the shared counters. */
export class Snapshots {
  readonly counters = new Counters(Counters.allocate(), 0);
  #config: Config;
  readonly #installation: Installation;
  /** What decides now; files that changed since do not until they were loaded whole. */
  #loaded: Loaded | null = null;
  readonly #slots = new Map<string, number>();
  #version = 0;

  constructor(config: Config, installation: Installation) {
    this.#config = config;
    this.#installation = installation;
  }

  /** Third parties as they are now. */
  parties: () => Promise<readonly ThirdParty[]> = async () => [];
  /** Certificates of the listeners. */
  readonly certificates = new ListenerCertificates();
  /** Why no call may go to a system whose model may not be served, by its name. */
  held: (systems: readonly KnownSystem[]) => Promise<ReadonlyMap<string, string>> = async () => new Map();

  #slot(subject: string): number {
    let slot = this.#slots.get(subject);
    if (slot === undefined) {
      slot = this.#slots.size;
      this.#slots.set(subject, slot);
    }
    return slot;
  }

  /** Spend of the day so far, from the record: a restart hands out no second budget. */
  async restoreSpend(nowMs: number): Promise<void> {
    const sums = new Map<string, number>();
    for (const { actor, system, micro } of await this.#installation.store.exchanges.spendSince(
      dayOf(nowMs),
    )) {
      for (const subject of [actor, `system:${system}`]) sums.set(subject, (sums.get(subject) ?? 0) + micro);
    }
    for (const [subject, micro] of sums) this.counters.setSpend(this.#slot(subject), micro, nowMs);
  }

  /** Takes another configuration, when its policies and certificates load. @throws CodedError */
  async use(config: Config): Promise<void> {
    this.#loaded = this.#load(config);
    this.#config = config;
  }

  /** A learned file as it was when it was loaded. @throws CodedError `profile-invalid` */
  #learned<T>(kind: 'profiles' | 'echoes', path: string | undefined, read: (path: string) => T): T | null {
    if (path === undefined) return null;
    this.#loaded ??= this.#load(this.#config);
    const files = this.#loaded[kind] as Map<string, T>;
    const known = files.get(path) ?? read(path);
    files.set(path, known);
    return known;
  }

  #load(config: Config): Loaded {
    const named = (paths: readonly (string | undefined)[]): string[] =>
      paths.filter((path) => path !== undefined);
    const systems = Object.values(config.systems);
    const policies = PolicySet.load(defaultPolicyText(config.policies));
    requirePolicyTests(policies, config.policies);
    return {
      policies,
      rules: readRules(config.rules),
      tls: this.certificates.of(config.gateway, 'gateway'),
      profiles: new Map(
        named(systems.map(({ profile }) => profile)).map((path) => [path, readProfile(path)]),
      ),
      echoes: new Map(named(systems.map(({ echo }) => echo)).map((path) => [path, readTrainingEcho(path)])),
    };
  }

  /** The policies that decide now. @throws CodedError `policy-invalid` at the first time */
  get policies(): PolicySet {
    this.#loaded ??= this.#load(this.#config);
    return this.#loaded.policies;
  }

  /** The rules over texts that decide now. */
  get rules(): LoadedRules {
    return this.#loaded?.rules ?? { version: '', rules: [], conditions: [] };
  }

  /** The state as it is now, as the next version. @throws CodedError `policy-invalid` at the first time */
  async build(nowMs: number = clock.nowMs()): Promise<GatewaySnapshot> {
    const { store, dataKeys } = this.#installation;
    const today = dayOf(nowMs);
    const parties = await this.parties();
    const required = this.#config.access.manifests === 'required';
    const known = await knownSystems(this.#config, this.#installation);
    const held = await this.held(known);
    const { isOpen } = this.#installation.ring;
    const seeSystem = async ({ name, config, demo }: KnownSystem): Promise<SystemSnapshot> => {
      const key = isOpen ? (await dataKeys.forDay(`system:${name}`, today)).key : null;
      const pseudonyms = isOpen ? (await dataKeys.forDay(`pseudonyms:${name}`, 'always')).key.key : NO_KEY;
      return {
        ...config,
        name,
        demo,
        integration: behindSystem(
          parties,
          { ...config, name },
          required && !demo && config.urls.some((url) => !isOwn(url)),
        ),
        held: isOpen ? (held.get(name) ?? null) : KEYS_AWAY,
        apiKey: resolveSecret(config.apiKeyRef),
        usageLimits: usageLimits(config.limits),
        slot: this.#slot(`system:${name}`),
        rowProfile: this.#learned('profiles', config.profile, readProfile),
        trainingEcho: this.#learned('echoes', config.echo, readTrainingEcho),
        pseudonymKey: pseudonyms,
        dataKeys: key ? [{ id: key.id, key: key.key }] : [],
      };
    };
    const systems = await Promise.all(known.map(seeSystem));
    const shut = new Set(
      (await store.programs.list()).flatMap(({ id, disabledAt }) => (disabledAt === null ? [] : [id])),
    );
    const keys = (await store.keys.list()).map(
      (row: KeyRow): KeySnapshot => ({
        id: row.id,
        name: row.name,
        hash: row.hash,
        systems: row.systems,
        scope: row.scope,
        expiresAtMs: Date.parse(row.expiresAt),
        revoked: row.revokedAt !== null || (row.program !== null && shut.has(row.program)),
        demo: row.demo,
        synthetic: row.synthetic,
        usageLimits: row.limits,
        slot: this.#slot(`key:${row.id}`),
      }),
    );
    this.#loaded ??= this.#load(this.#config);
    const { policies, rules, tls } = this.#loaded;
    const { deadlines, limits, gateway } = this.#config;
    const { trustedProxies } = gateway;
    return {
      version: ++this.#version,
      systems,
      keys,
      policies: { version: policies.version, text: policies.gatewayText },
      rules,
      settings: { deadlines, limits, tls, trustedProxies, traces: this.#config.telemetry !== undefined },
    };
  }
}
