import { behindSystem, type ThirdParty } from '@sallyport/access';
import {
  type ClosedPlace,
  CodedError,
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
import { Counters, SLOTS_MAX } from '@sallyport/gateway';
import { defaultPolicyText, PolicySet, requirePolicyTests } from '@sallyport/policy';
import type { KeyRow, SecretOriginRow } from '@sallyport/store';
import type { Installation } from './installation.ts';
import { readProfile, readTrainingEcho } from './learned-files.ts';
import { leftOut, NO_KEY, UNREADABLE } from './left-out.ts';
import { log } from './log.ts';
import { readOutbound } from './outbound.ts';
import { closedPlaces, Places } from './places.ts';
import { type LoadedRules, readRules } from './rules-folder.ts';
import type { References } from './secrets/references.ts';
import { isOwn } from './third-parties.ts';
import { ListenerCertificates } from './tls/listener.ts';

/** A system, wherever it was named. */
export interface KnownSystem {
  /** Which system it is, whatever it is called; absent for those of the file. */
  readonly id?: string;
  /** Since when it is there, ISO 8601; absent for those of the file. */
  readonly createdAt?: string;
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
  readonly outbound: GatewaySettings['outbound'];
  /** Profiles of rows, by file. */
  readonly profiles: Map<string, RowProfile>;
  /** Filters of training texts, by file. */
  readonly echoes: Map<string, Uint8Array>;
}

const isLive = ({ revoked, expiresAtMs }: KeySnapshot, nowMs: number): boolean =>
  !revoked && expiresAtMs > nowMs;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Why no call goes to any system while whoever keeps the root key is out of reach. */
const KEYS_AWAY = 'the keeper of the root key is out of reach, and what is said cannot be sealed';
/** How long a place in the counters stays with a key or system that is gone: longer than any call. */
export const SLOT_KEPT_MS = 2 * 3_600_000;

/** A system that is left out, and why. */
export interface Quarantined {
  readonly name: string;
  readonly demo: boolean;
  readonly why: string;
}

/** Builds snapshots for the gateway and keeps the places of keys and systems in the shared counters. */
export class Snapshots {
  readonly counters = new Counters(Counters.allocate(), 0);
  #config: Config;
  readonly #installation: Installation;
  /** What decides now; files that changed since do not until they were loaded whole. */
  #loaded: Loaded | null = null;
  readonly #slots = new Map<string, number>();
  /** Ids of systems by name; those of the file have none. */
  #ids: ReadonlyMap<string, string> = new Map();
  /** Subjects that are gone, and since when. */
  readonly #gone = new Map<string, number>();
  #version = 0;
  readonly #references: References;
  /** Systems that were left out of the newest snapshot, for what is stored about them cannot be used. */
  quarantined: readonly Quarantined[] = [];

  constructor(config: Config, installation: Installation, references: References) {
    this.#config = config;
    this.#installation = installation;
    this.#references = references;
  }

  /** Version of the newest snapshot whose building began. */
  get version(): number {
    return this.#version;
  }

  /** Third parties as they are now. */
  parties: () => Promise<readonly ThirdParty[]> = async () => [];
  /** Certificates of the listeners. */
  readonly certificates = new ListenerCertificates();
  /** Which URLs lead to one place. */
  places: Places = new Places();
  /** Why no call may go to a system whose model may not be served, by its name. */
  held: (systems: readonly KnownSystem[]) => Promise<ReadonlyMap<string, string>> = async () => new Map();

  /**
   * The place of a key or system. A new one begins with what the log says was spent today: neither a restart nor a row that was
   * gone for a while hands out a second budget.
   * @param who whose spend it is, as the log names it
   */
  #slot(subject: string, who = subject): number {
    const known = this.#slots.get(subject);
    if (known !== undefined) return known;
    const slot = this.#slots.size < SLOTS_MAX ? this.#slots.size : this.#freeSlot();
    this.#slots.set(subject, slot);
    const nowMs = clock.nowMs();
    this.counters.setSpend(slot, this.#installation.state.calls.spentBy(who, dayOf(nowMs)), nowMs);
    return slot;
  }

  /** The place of a key or system that has been gone for longer than any call. */
  #freeSlot(): number {
    const before = clock.nowMs() - SLOT_KEPT_MS;
    const [free] = [...this.#gone].find(([, since]) => since < before) ?? [];
    const slot = free === undefined ? undefined : this.#slots.get(free);
    if (free === undefined || slot === undefined)
      throw new CodedError('overloaded', `more than ${SLOTS_MAX} keys and systems are not counted`);
    this.#slots.delete(free);
    this.#gone.delete(free);
    this.counters.clearSlot(slot);
    return slot;
  }

  /** What the counters of a system are kept under: one that has the name of another begins at nothing. */
  #subject(name: string): string {
    return `system:${this.#ids.get(name) ?? name}`;
  }

  #noteGone(here: ReadonlySet<string>, nowMs: number): void {
    for (const subject of this.#slots.keys())
      if (here.has(subject)) this.#gone.delete(subject);
      else if (!this.#gone.has(subject)) this.#gone.set(subject, nowMs);
  }

  /**
   * Takes another configuration, when its policies and certificates load.
   * @param whole whether its learned files must be there, too; else those that were loaded stay
   * @throws CodedError
   */
  async use(config: Config, whole = true): Promise<void> {
    const loaded = this.#load(config, whole);
    const { profiles, echoes } = this.#loaded ?? loaded;
    this.#loaded = whole ? loaded : { ...loaded, profiles, echoes };
    this.#config = config;
  }

  /** Whether another configuration would be taken. Reads, and writes nothing. @throws CodedError */
  check(config: Config): void {
    this.#load(config, true);
  }

  /** Whether the files that a system names can be taken, before the system is stored. @throws CodedError `reference-not-allowed`, `profile-invalid` */
  checkFiles({ profile, echo }: SystemConfig): void {
    if (profile !== undefined) readProfile(profile, this.#references.learned(profile));
    if (echo !== undefined) readTrainingEcho(echo, this.#references.learned(echo));
  }

  /** A learned file as it was when it was loaded. @throws CodedError `profile-invalid`, `reference-not-allowed` */
  #learned<T>(
    kind: 'profiles' | 'echoes',
    path: string | undefined,
    origin: KnownSystem['origin'],
    read: (path: string, bytes?: Uint8Array) => T,
  ): T | null {
    if (path === undefined) return null;
    this.#loaded ??= this.#load(this.#config, false);
    const files = this.#loaded[kind] as Map<string, T>;
    const known =
      files.get(path) ?? (origin === 'file' ? read(path) : read(path, this.#references.learned(path)));
    files.set(path, known);
    return known;
  }

  /** @param whole whether a file that cannot be read refuses all; else only the system that names it is left out */
  #load(config: Config, whole: boolean): Loaded {
    const systems = whole ? Object.values(config.systems) : [];
    const named = (paths: readonly (string | undefined)[]): string[] =>
      paths.filter((path) => path !== undefined);
    const policies = PolicySet.load(defaultPolicyText(config.policies));
    requirePolicyTests(policies, config.policies);
    return {
      policies,
      rules: readRules(config.rules),
      tls: this.certificates.of(config.gateway, 'gateway'),
      outbound: readOutbound(config),
      profiles: new Map(
        named(systems.map(({ profile }) => profile)).map((path) => [path, readProfile(path)]),
      ),
      echoes: new Map(named(systems.map(({ echo }) => echo)).map((path) => [path, readTrainingEcho(path)])),
    };
  }

  /** The policies that decide now. @throws CodedError `policy-invalid` at the first time */
  get policies(): PolicySet {
    this.#loaded ??= this.#load(this.#config, false);
    return this.#loaded.policies;
  }

  /** The rules over texts that decide now. */
  get rules(): LoadedRules {
    return this.#loaded?.rules ?? { version: '', rules: [], conditions: [] };
  }

  /**
   * The state as it is now, as the next version. What cannot be used of it is left out and told: it spoils nothing else.
   * @throws CodedError `policy-invalid` at the first time
   */
  async build(nowMs: number = clock.nowMs()): Promise<GatewaySnapshot> {
    // Counted when it begins: one that began later holds all that this one holds.
    const version = ++this.#version;
    await this.#installation.state.readOn();
    const { systems, quarantined } = await this.#systems(nowMs, await this.#known(), false);
    this.quarantined = quarantined;
    const keys = await this.#keys(nowMs);
    this.#noteGone(
      new Set([
        ...systems.map(({ name }) => this.#subject(name)),
        ...keys.flatMap((key) => (isLive(key, nowMs) ? [`key:${key.id}`] : [])),
      ]),
      nowMs,
    );
    return this.#snapshot(version, systems, keys);
  }

  /** The state as it would be with other systems: makes no keys, counts nothing. @param known all of them */
  async trial(known: readonly KnownSystem[]): Promise<GatewaySnapshot> {
    const nowMs = clock.nowMs();
    const { systems } = await this.#systems(nowMs, known, true);
    return this.#snapshot(this.#version, systems, await this.#keys(nowMs));
  }

  async #snapshot(version: number, systems: SystemSnapshot[], keys: KeySnapshot[]): Promise<GatewaySnapshot> {
    this.#loaded ??= this.#load(this.#config, false);
    const { policies, rules, tls, outbound } = this.#loaded;
    const { deadlines, limits, gateway } = this.#config;
    const { trustedProxies, origins } = gateway;
    return {
      version,
      systems,
      keys,
      policies: { version: policies.version, text: policies.gatewayText },
      prices: await this.#installation.store.prices.list(),
      rules,
      settings: {
        deadlines,
        limits,
        tls,
        outbound,
        trustedProxies,
        origins,
        traces: this.#config.telemetry !== undefined,
      },
    };
  }

  async #known(): Promise<KnownSystem[]> {
    const known = await knownSystems(this.#config, this.#installation);
    this.#ids = new Map(known.flatMap(({ name, id }) => (id === undefined ? [] : [[name, id]])));
    return known;
  }

  async #systems(
    nowMs: number,
    known: readonly KnownSystem[],
    trial: boolean,
  ): Promise<{ systems: SystemSnapshot[]; quarantined: Quarantined[] }> {
    const { store } = this.#installation;
    const parties = store.integrations.isWhole ? await this.parties().catch(() => null) : null;
    const held = await this.held(known);
    const secretOrigins = await store.secretOrigins.list();
    const closed = closedPlaces(this.places, known, parties ?? [], held);
    const quarantined: Quarantined[] = [];
    const systems: SystemSnapshot[] = [];
    const leaveOut = (name: string, demo: boolean, config: SystemConfig, why: string): void => {
      quarantined.push({ name, demo, why });
      systems.push({ ...leftOut(config), name, demo });
    };
    for (const one of known)
      try {
        systems.push(await this.#system(one, { nowMs, trial, parties, held, closed, secretOrigins }));
      } catch (fault) {
        leaveOut(one.name, one.demo, one.config, (fault as Error).message);
      }
    const names = new Set(known.map(({ name }) => name));
    for (const { name, demo, why } of (await store.systems.read()).broken)
      if (!names.has(name)) leaveOut(name, demo, UNREADABLE, `its settings cannot be read: ${why}`);
    return { systems, quarantined };
  }

  async #system({ name, config, demo, origin }: KnownSystem, facts: Facts): Promise<SystemSnapshot> {
    const { dataKeys, ring } = this.#installation;
    const required = this.#config.access.manifests === 'required';
    const { parties, held, closed } = facts;
    const isElsewhere = config.urls.some((url) => !isOwn(url));
    if (parties === null && isElsewhere) throw new Error('the manifests of third parties cannot be read');
    const files = {
      rowProfile: this.#learned('profiles', config.profile, origin, readProfile),
      trainingEcho: this.#learned('echoes', config.echo, origin, readTrainingEcho),
    };
    const day = dayOf(facts.nowMs);
    const makes = ring.isOpen && !facts.trial;
    const key = makes ? (await dataKeys.forDay(`system:${name}`, day)).key : null;
    const pseudonyms = makes ? (await dataKeys.forDay(`pseudonyms:${name}`, 'always')).key.key : NO_KEY;
    const needed = required && !demo && isElsewhere;
    const integration = behindSystem(parties ?? [], { ...config, name }, needed, this.places.isSame);
    return {
      ...config,
      ...files,
      name,
      demo,
      integration,
      // What is approved for this very system is not closed to it by what is said of others.
      closed: integration === null ? closed : closed.filter(({ code }) => code === 'gate-closed'),
      held: ring.isOpen ? (held.get(name) ?? null) : KEYS_AWAY,
      quarantined: false,
      apiKey: this.#references.credential({ name, config, demo, origin }, facts.secretOrigins),
      usageLimits: usageLimits(config.limits),
      slot: facts.trial ? 0 : this.#slot(this.#subject(name), `system:${name}`),
      pseudonymKey: pseudonyms,
      dataKeys: key ? [{ id: key.id, key: key.key }] : [],
    };
  }

  async #keys(nowMs: number): Promise<KeySnapshot[]> {
    const { store } = this.#installation;
    // One that is not there may have been disabled: its keys open nothing.
    const open = new Set(
      (await store.programs.list()).flatMap(({ id, disabledAt }) => (disabledAt === null ? [id] : [])),
    );
    return (await store.keys.list()).flatMap((row: KeyRow): KeySnapshot[] => {
      const expiresAtMs = Date.parse(row.expiresAt);
      const revoked = row.revokedAt !== null || (row.program !== null && !open.has(row.program));
      try {
        return [
          {
            id: row.id,
            name: row.name,
            hash: row.hash,
            systems: row.systems,
            scope: row.scope,
            expiresAtMs,
            revoked,
            demo: row.demo,
            synthetic: row.synthetic,
            usageLimits: row.limits,
            // What is refused is not counted, unless it was before.
            slot:
              revoked || expiresAtMs <= nowMs
                ? (this.#slots.get(`key:${row.id}`) ?? 0)
                : this.#slot(`key:${row.id}`),
          },
        ];
      } catch (fault) {
        log('error', 'a key is not let in', { key: row.id, fault: (fault as Error).message });
        return [];
      }
    });
  }
}

/** What systems are looked at by. */
interface Facts {
  readonly nowMs: number;
  /** Whether nothing may be made for them. */
  readonly trial: boolean;
  /** Null where they cannot be read. */
  readonly parties: readonly ThirdParty[] | null;
  readonly held: ReadonlyMap<string, string>;
  readonly closed: readonly ClosedPlace[];
  readonly secretOrigins: readonly SecretOriginRow[];
}
