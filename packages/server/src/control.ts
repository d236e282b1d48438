import { userInfo } from 'node:os';
import { type Accounts, ThirdParties } from '@sallyport/access';
import {
  CodedError,
  type Config,
  type ControlResult,
  clock,
  type EvidenceSource,
  type GatewaySnapshot,
  InTurn,
  madeOnce,
} from '@sallyport/core';
import type { GatewayPool, GatewayStats, ShutOut } from '@sallyport/gateway';
import { posture } from '@sallyport/govern';
import type { OpenAlert } from '@sallyport/monitor';
import type { DatasetFacts } from '@sallyport/policy';
import type { Inventory, Serving } from '@sallyport/registry';
import type { ExchangePage, ExchangeRow } from '@sallyport/store';
import { openAccounts } from './accounts-home.ts';
import { ApiKeys } from './api-keys.ts';
import { AuditMemory } from './audit/audit-memory.ts';
import { Authoriser } from './authorisation/authoriser.ts';
import { FourEyes } from './authorisation/four-eyes.ts';
import { KeyRights } from './authorisation/key-rights.ts';
import { BackupDesk } from './backups/backup-desk.ts';
import { type BlockedReport, blockedReport } from './blocked-report.ts';
import { Egress } from './egress.ts';
import { evidenceSource } from './evidence.ts';
import { type ExchangeProof, proveExchange } from './exchange-proof.ts';
import { type FirstHour, firstHour } from './first-hour.ts';
import type { GuardDesk } from './guard-desk.ts';
import { Installation } from './installation.ts';
import { observer, type ToolSource } from './integration-observer.ts';
import { countInventory } from './inventory-evidence.ts';
import { heldSystems, openInventory } from './inventory-home.ts';
import { KeyDesk } from './key-desk.ts';
import { KeyOwners } from './key-owners.ts';
import { log } from './log.ts';
import { LogArchive } from './log-archive.ts';
import { Monitor } from './monitor.ts';
import { Places } from './places.ts';
import { PostureNow, PROBED_MS } from './posture-now.ts';
import type { AskedRoutes } from './probes/probe-context.ts';
import { probesToRun, runProbes } from './probes/run-probes.ts';
import { Publishing } from './publishing.ts';
import { type Reloaded, reload } from './reload.ts';
import { ScanDesk } from './scan-desk.ts';
import { References } from './secrets/references.ts';
import { SecretDesk } from './secrets/secret-desk.ts';
import { type KnownSystem, knownSystems, Snapshots } from './snapshot.ts';
import { SystemDesk } from './system-desk.ts';
import type { LastReach } from './system-reach.ts';
import { countThirdParties } from './third-parties.ts';
import { type TriedCall, tryCall } from './try-call.ts';
import { Witnesses } from './witnesses.ts';

/**
 * Everything that can be asked of an installation, with or without a server: the HTTP API and the commands are thin
 * clothes over it.
 */
export class Control {
  config: Config;
  readonly installation: Installation;
  readonly snapshots: Snapshots;
  /** Resolves secrets and files that callers name. */
  readonly references: References;
  /** Says where secrets are sent. */
  readonly secrets = new SecretDesk(this);
  gateway: GatewayPool | null = null;
  /** How systems were found when they were reached last, by name. */
  readonly lastReached = new Map<string, LastReach>();
  /** The guard as people look at it; null for a command without a server. */
  guard: GuardDesk | null = null;
  gatewayUrl: string | null = null;
  /** Where the control plane listens. */
  controlUrl: string | null = null;
  /** Where people reach the console, when it runs. */
  consoleUrl: string | null = null;
  /** How far the machine's clock was ahead of the steady one when that was last noted, in milliseconds. */
  clockDriftMs = 0;
  /** Reads the configuration anew; null for a command without a server. */
  loadConfig: (() => Config) | null = null;
  /** Where that is, whether or not it is there. */
  configFile: string | null = null;
  monitor: Monitor | null = null;
  askRoutes: (() => Promise<AskedRoutes>) | null = null;
  askDataset: ((name: string, label: string) => Promise<number>) | null = null;

  /** The accounts of people. */
  readonly accounts: Accounts;
  /** Third parties and what they are approved for. */
  readonly thirdParties: ThirdParties;
  /** When they were last looked at; null when not since the start. */
  thirdPartiesWatchedAt: string | null = null;
  /** Which URLs lead to one place. */
  readonly places = new Places();
  /** Decides about what leaves for them other than through the gateway. */
  readonly egress = new Egress(this);
  /** Courses that somebody passed and that are current, by id of the person; nothing here trains people yet. */
  mastery: (personId: string) => readonly string[] = () => [];
  /** Data sets that there are. */
  datasets: () => Promise<readonly DatasetFacts[]> = async () =>
    (await this.installation.store.inventory.assets('dataset')).map(({ name, dataClasses }) => ({
      name,
      dataClasses,
    }));
  /** Scans what is watched and registered. */
  readonly scans = new ScanDesk(this);
  /** Has checkpoints of the record cosigned. */
  readonly witnesses = new Witnesses(this);
  /** Lists keys, changes them for new ones, destroys them. */
  readonly vault = new KeyDesk(this);
  /** Keeps a second copy of the log. */
  readonly archive = new LogArchive(this);
  /** Makes backups, and restores them to see that they can be. */
  readonly backups = new BackupDesk(this);
  readonly #publishing = new Publishing(this);
  readonly #systemDesk = new SystemDesk(this);
  readonly #probing = new InTurn();
  /** What the record's own probes found before. */
  readonly #memory = new AuditMemory();
  readonly #closing = new AbortController();
  readonly #registry = madeOnce(() => openInventory(this));
  /** Lists tools of third parties; nothing here speaks to tool servers yet. */
  toolSource: ToolSource = async () => [];
  /** Decides what people and commands may do here. */
  readonly authoriser: Authoriser;
  /** Who is one human under several names, and who made an approver. */
  readonly fourEyes = new FourEyes(this);
  /** Decides who may handle which API key. */
  readonly keyRights = new KeyRights(this);

  /** Who answers for keys. */
  readonly keyOwners = new KeyOwners(this);

  constructor(config: Config, installation: Installation) {
    this.config = config;
    this.installation = installation;
    this.references = new References(() => this.config, installation);
    this.snapshots = new Snapshots(config, installation, this.references);
    this.accounts = openAccounts(this);
    this.thirdParties = new ThirdParties(
      installation.store,
      observer((kind, manifest) => this.toolSource(kind, manifest)),
    );
    this.snapshots.parties = () => this.thirdParties.list();
    this.snapshots.held = (systems) => heldSystems(this, systems);
    this.snapshots.places = this.places;
    this.authoriser = new Authoriser(this);
    installation.room.onStoredLate = () => void this.publish().catch(() => {});
  }

  /** Models, data and what may be served. */
  async inventory(): Promise<Inventory> {
    return (await this.#registry()).inventory;
  }

  /** What serves where. */
  async serving(): Promise<Serving> {
    return (await this.#registry()).serving;
  }

  /** Ends what is under way and closes the installation. */
  async close(): Promise<void> {
    this.#closing.abort(new CodedError('draining'));
    await this.witnesses.stop();
    await this.scans.close();
    await this.backups.stop();
    await this.archive.stop();
    await this.#probing.idle();
    await this.authoriser
      .flush()
      .catch((fault: Error) =>
        log('error', 'the last decisions of the control plane are not recorded', { fault: fault.message }),
      );
    await this.installation.close();
  }

  /** Has the control plane's listener show its certificate as it is now; set while one runs. */
  useCertificate: () => void = () => {};

  /** Hands the state as it is now to every gateway worker; resolves once all decide by it. */
  publish(): Promise<void> {
    return this.#publishing.publish();
  }

  /** The state as it is now, for a gateway that starts. */
  state(): Promise<GatewaySnapshot> {
    return this.#publishing.build();
  }

  /**
   * Shuts keys or third parties out of every worker at once, apart from the rest of the state, then publishes that.
   * What else may be wrong with the state does not hold it up.
   */
  shutOut(what: Partial<ShutOut>): Promise<void> {
    return this.#publishing.shutOut(what);
  }

  systems(): Promise<KnownSystem[]> {
    return knownSystems(this.config, this.installation);
  }

  /** Roles are given on systems that exist. @throws CodedError `system-unknown` */
  async requireSystems(grants: readonly { readonly system?: string | undefined }[]): Promise<void> {
    const known = new Set((await this.systems()).map(({ name }) => name));
    for (const { name } of await this.datasets()) known.add(`dataset:${name}`);
    for (const { system = '*' } of grants)
      if (system !== '*' && !known.has(system))
        throw new CodedError('system-unknown', `no system \`${system.slice(0, 64)}\` is known`);
  }

  /** What is about one system names one that exists: neither all of them nor data. @throws CodedError `system-unknown` */
  async requireNamed(names: readonly string[]): Promise<void> {
    const known = new Set((await this.systems()).map(({ name }) => name));
    const other = names.find((name) => !known.has(name));
    if (other !== undefined)
      throw new CodedError('system-unknown', `no system \`${other.slice(0, 64)}\` is known`);
  }

  /** Adds a system. @throws CodedError what is wrong with it; then nothing of it is kept */
  addSystem(...args: Parameters<SystemDesk['put']>): Promise<KnownSystem> {
    return this.#systemDesk.put(...args);
  }

  /** Changes whether a system is observed or enforced. */
  setMode(...args: Parameters<SystemDesk['setMode']>): Promise<KnownSystem> {
    return this.#systemDesk.setMode(...args);
  }

  /** Changes settings of a system. @throws CodedError what is wrong with them; then nothing of them is kept */
  editSystem(...args: Parameters<SystemDesk['edit']>): Promise<KnownSystem> {
    return this.#systemDesk.edit(...args);
  }

  removeSystem(actor: string, name: string): Promise<void> {
    return this.#systemDesk.remove(actor, name);
  }

  /** The API keys: made, rotated, revoked. */
  get apiKeys(): ApiKeys {
    return new ApiKeys(this);
  }

  endRefreshing(key: string): Promise<string[]> {
    return this.accounts.refreshTokens.endAfter(key);
  }

  async exchanges(filter: ExchangePage): Promise<ExchangeRow[]> {
    await this.installation.flush();
    return this.installation.store.exchanges.list(filter);
  }

  /** One exchange, proven. @param withContent opens the sealed content too, which is itself recorded */
  exchange(actor: string, id: string, withContent: boolean): Promise<ExchangeProof> {
    return proveExchange(this.installation, actor, id, withContent);
  }

  /** What enforcing would have blocked on a system. That it was read is an event. @throws CodedError `system-unknown` */
  report(actor: string, name: string): Promise<BlockedReport> {
    return blockedReport(this, actor, name);
  }

  /** How far the guided first hour has come. @param shown systems that the answer may tell of; every one where absent */
  async firstHour(shown?: readonly KnownSystem[]): Promise<FirstHour> {
    return firstHour(this, shown ?? (await this.systems()));
  }

  /** Every control, computed now. Probes run first where their result is older than a minute. */
  async posture(): Promise<ControlResult[]> {
    await this.probeIfOlder(PROBED_MS);
    return this.#posture();
  }

  /** The same from the last results, for someone who does not wait: what is due is in a later answer. */
  readonly postureNow = new PostureNow({
    compute: () => this.#posture(),
    isDue: async () => (await this.#due(PROBED_MS)).length > 0,
    probe: () => this.probeIfOlder(PROBED_MS),
  });

  async #posture(): Promise<ControlResult[]> {
    await this.installation.flush();
    return posture(this.#evidence());
  }

  #evidence(): EvidenceSource {
    return evidenceSource(
      this.config,
      this.installation,
      () => countThirdParties(this),
      () => countInventory(this),
      () => this.keyOwners.count(),
    );
  }

  /** Runs probes whose latest result is older than an age; one round after the other, and none once it closes. */
  probeIfOlder(ageMs: number): Promise<void> {
    return this.#probing.do(async () => {
      if (!this.#closing.signal.aborted) await this.#probe(ageMs);
    });
  }

  /** Probes whose latest result is older than an age. */
  async #due(ageMs: number): Promise<ReturnType<typeof probesToRun>> {
    const results = await this.#evidence().probes();
    return probesToRun(this.gateway !== null).filter((name) => {
      const result = results.find((item) => item.probe === name);
      return !result || clock.nowMs() - Date.parse(result.at) > ageMs;
    });
  }

  async #probe(ageMs: number): Promise<void> {
    const due = await this.#due(ageMs);
    await runProbes(
      {
        config: this.config,
        installation: this.installation,
        gatewayUrl: this.gatewayUrl,
        askRoutes: this.askRoutes,
        guard: this.guard,
        policies: this.snapshots.policies,
        thirdParties: this.thirdParties,
        memory: this.#memory,
        signal: this.#closing.signal,
        inventory: () => this.inventory(),
        askDataset: this.askDataset,
        lookAtEndpoints: async () =>
          (await import('./tls/tls-endpoints.ts')).lookAtEndpoints(this, await this.systems()),
        publish: () => this.publish(),
      },
      due,
    );
  }

  /** Alerts that wait for someone; without a server, those that did when it stopped. */
  async alerts(): Promise<readonly OpenAlert[]> {
    await this.installation.flush();
    if (this.monitor) return this.monitor.open;
    const monitor = new Monitor(this, 0);
    await monitor.restore();
    return monitor.open;
  }

  /** Makes one test call and says what each stage made of it. @throws CodedError */
  tryCall(
    actor: string,
    name: string,
    input: { text: string; model?: string | undefined },
  ): Promise<TriedCall> {
    return tryCall(this, actor, name, input);
  }

  /** Takes configuration, policies and certificates anew. @throws CodedError what is wrong with them */
  reload(actor: string): Promise<Reloaded> {
    if (!this.loadConfig)
      throw new CodedError('request-invalid', 'this server was started without a configuration file');
    return reload(this, actor, this.loadConfig);
  }

  /** Counts of all gateway workers. */
  stats(): readonly GatewayStats[] {
    return this.gateway?.stats() ?? [];
  }
}

/** Opens an installation for one command, without a server. The actor is the local user. */
export async function openControl(options: {
  data: string;
  config: Config;
  rootKey: string | undefined;
  create?: boolean;
}): Promise<Control> {
  return new Control(
    options.config,
    await Installation.open(options.data, options.config, options.rootKey, options.create ?? true),
  );
}

/** The actor of commands: whoever runs them on this machine. They can approve nothing. */
export function localActor(): string {
  return `local:${localUser()}`;
}

/** Whoever runs commands on this machine. */
export function localUser(): string {
  return userInfo().username;
}
