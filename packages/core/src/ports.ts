import type { Condition } from './condition.ts';
import type { Config, DialectName, SystemConfig } from './config.ts';
import type { Detection } from './detection.ts';
import type { SallyportEvent } from './event.ts';
import type { IntegrationSnapshot } from './integration.ts';
import type { ScanKind } from './inventory.ts';
import type { KeyScope } from './key-scope.ts';
import type { UsageLimits } from './limits.ts';
import type { PriceRow } from './prices.ts';
import type { RowProfile } from './row-profile.ts';
import type { Severity } from './severity.ts';
import type { TextRule } from './text-rule.ts';

/** Ways in which a root is kept. */
export const KEY_PROVIDER_KINDS = ['file', 'passphrase', 'shares', 'pkcs11', 'transit'] as const;

/** Wraps and unwraps keys; the key it does so with, the root, never leaves it. */
export interface KeyProvider {
  /** Names the wrapping key, so that a wrong one is noticed. */
  readonly id: string;
  readonly kind: (typeof KEY_PROVIDER_KINDS)[number];
  /** @param context bound to what comes out @throws CodedError `key-provider-unavailable` */
  wrap(key: Uint8Array, context: Uint8Array): Promise<Uint8Array>;
  /** @throws CodedError `root-key-wrong` for another root, another context or a changed byte, `key-provider-unavailable` */
  unwrap(wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array>;
}

/** Inspects one text. Pure; may run on another thread. */
export interface TextInspector {
  inspect(request: InspectionRequest): Detection[] | Promise<Detection[]>;
}

/** Who a text comes from. */
export const TEXT_CHANNELS = ['user', 'document', 'output', 'operator', 'assistant'] as const;
/**
 * `user` speaks to the system, `document` is material it reads, `output` is what it says. `operator` has orders to give:
 * system prompts, definitions of tools. `assistant` is an earlier answer that a client sends again.
 */
export type TextChannel = (typeof TEXT_CHANNELS)[number];

/** One text to inspect and what is known about it. */
export interface InspectionRequest {
  readonly text: string;
  readonly pointer: string;
  readonly channel: TextChannel;
  /** System and developer messages of the same call, to notice when they leak. */
  readonly systemPrompts?: readonly string[];
  readonly canaries?: readonly string[];
  /**
   * Detectors that are asked, where not all: `secrets` are secrets, canaries and what the operator's own rules look for,
   * `values` personal data too.
   */
  readonly only?: 'secrets' | 'values' | undefined;
  /** Where values meet of which the text consists, one behind the other, in order: a secret may begin or end there. */
  readonly seams?: readonly number[];
  /** Whether the text is the arguments of a tool call. */
  readonly tool?: boolean;
  /** Whether names of people, places and organisations are looked for. */
  readonly names?: boolean;
  /** Countries whose national numbers are looked for; all when absent. */
  readonly countries?: readonly string[] | undefined;
  /** Personal data that belongs to the operator, and is none. */
  readonly own?: readonly string[];
  /** Whether a text is read for refusals and unsafe content. */
  readonly content?: boolean;
  /** A filter of what an answer must not repeat, in memory that threads share. */
  readonly echo?: Uint8Array | null;
  /** Hosts that links of an answer may lead to; null where the system names none. */
  readonly linkHosts?: readonly string[] | null;
  /** What came before a piece of an answer, as far as it says what is code; absent where the text is a whole answer. */
  readonly lead?: {
    /** The open fence: its character and how many of them opened it. */
    readonly open: { readonly mark: string; readonly length: number; readonly drawn: boolean } | null;
    /** Whether the line before was blank. */
    readonly blank: boolean;
    /** Whether nothing came before. */
    readonly first: boolean;
    /** Whether fences can still be told from what only looks like one. */
    readonly trusted: boolean;
    /** Whether the text begins within a line. */
    readonly midLine: boolean;
    /** Pictures by reference that came before, and addresses of definitions that they may mean. */
    readonly references: {
      /** Whether there was a picture by reference. */
      readonly pictures: boolean;
      /** Addresses of definitions, as far as they lead elsewhere. */
      readonly defined: readonly string[];
      /** Whether a definition goes on with the next line. */
      readonly opened: boolean;
    };
  } | null;
}

/** A place behind a gate that is closed. */
export interface ClosedPlace {
  readonly url: string;
  /** Addresses that it was last seen at. */
  readonly addresses: readonly string[];
  readonly code: 'gate-closed' | 'integration-refused';
  readonly why: string;
}

/** A system as the gateway sees it. */
export interface SystemSnapshot extends SystemConfig {
  readonly name: string;
  readonly dialect: DialectName;
  readonly demo: boolean;
  /** The third party behind it; null where there is none and none is needed. */
  readonly integration: IntegrationSnapshot | null;
  /** Why no call may go to it: its model may not be served; null where nothing holds it. */
  readonly held: string | null;
  /** Places to which no call may go, whatever name or address leads there. */
  readonly closed: readonly ClosedPlace[];
  /** Whether what is stored about it cannot be used: then no call goes to it. */
  readonly quarantined: boolean;
  /** The provider's credential, resolved; never leaves the process. */
  readonly apiKey: string | null;
  readonly usageLimits: UsageLimits;
  /** Row of the shared counters. */
  readonly slot: number;
  /** What rows for a classifier look like; null where nobody taught it. */
  readonly rowProfile: RowProfile | null;
  /** What the system learned from and must not repeat; null where nobody said. */
  readonly trainingEcho: Uint8Array | null;
  /** Makes pseudonyms that are the same in every call. */
  readonly pseudonymKey: Uint8Array;
  /** Data keys that seal content, newest first; raw. */
  readonly dataKeys: readonly { readonly id: string; readonly key: Uint8Array }[];
}

/** An API key as the gateway sees it. */
export interface KeySnapshot {
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the secret, hex. */
  readonly hash: string;
  readonly systems: readonly string[];
  /** What it may be used for besides; narrows what policies permit. */
  readonly scope: KeyScope;
  readonly expiresAtMs: number;
  readonly revoked: boolean;
  readonly demo: boolean;
  readonly synthetic: boolean;
  readonly usageLimits: UsageLimits;
  readonly slot: number;
}

/** What a listener serves TLS with, in PEM. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
  /** Authorities of clients, and whether a certificate of theirs is required; absent where clients are asked for none. */
  readonly clients?: { readonly ca: string; readonly required: boolean };
}

/** One way out to AI systems. */
export interface Way {
  /** A proxy that takes CONNECT, maybe with credentials; null for none. */
  readonly proxy: string | null;
  /** Certificates of authorities that are trusted besides the machine's, PEM; null for none. */
  readonly ca: string | null;
}

/** The ways out to AI systems. */
export interface Outbound {
  /** Proxies by the scheme of the address that is called. */
  readonly proxies: Readonly<Record<'http' | 'https', string | null>>;
  /** Hosts that are reached without them. */
  readonly direct: readonly string[];
  readonly ca: string | null;
  /** What is otherwise for a system; what is undefined is as for all. */
  readonly systems: Readonly<Record<string, Partial<Way>>>;
}

/** Settings of the gateway that can change while it runs. */
export interface GatewaySettings {
  readonly deadlines: Config['deadlines'];
  readonly limits: Config['limits'];
  readonly outbound: Outbound;
  /** Proxies in front whose word about the caller's address is believed. */
  readonly trustedProxies: readonly string[];
  /** Origins whose pages may call from a browser. */
  readonly origins: readonly string[];
  /** Whether calls take part in traces: each then has a span, also where the caller had none. */
  readonly traces: boolean;
  /** Certificate and key in PEM, where it serves TLS. */
  readonly tls: ListenerTls | null;
}

/** Everything a gateway worker decides by, as one version. */
export interface GatewaySnapshot {
  readonly version: number;
  readonly systems: readonly SystemSnapshot[];
  readonly keys: readonly KeySnapshot[];
  readonly policies: { readonly version: string; readonly text: string };
  /** What models cost. */
  readonly prices: { readonly version: string; readonly rows: readonly PriceRow[] };
  /** The operator's rules over texts, and conditions over what systems are asked and decide. */
  readonly rules: {
    readonly version: string;
    readonly rules: readonly TextRule[];
    readonly conditions: readonly Condition[];
  };
  readonly settings: GatewaySettings;
}

/** Facts about one exchange, as projections keep them. */
export interface ExchangeFact {
  readonly id: string;
  readonly at: string;
  readonly endedAt: string | null;
  readonly system: string | null;
  readonly actor: string;
  readonly demo: boolean;
  readonly synthetic: boolean;
  readonly outcome: string | null;
  readonly code: string | null;
}

/** Counts over real (not demonstration, not synthetic) exchanges. */
export interface ExchangeCounts {
  readonly total: number;
  readonly inspected: number;
  readonly withPolicyId: number;
  readonly complete: number;
  readonly oldestAt: string | null;
  readonly newestAt: string | null;
  readonly redactions: number;
}

/** What governance may read: projections and the results of probes, nothing else. */
export interface EvidenceSource {
  /** Real exchanges since a time (ms since 1970), over all systems or one. */
  exchangeCounts(sinceMs: number, system?: string): Promise<ExchangeCounts>;
  systems(): Promise<readonly { name: string; demo: boolean; mode: string }[]>;
  keys(): Promise<
    readonly { id: string; demo: boolean; createdAt: string; expiresAt: string; revokedAt: string | null }[]
  >;
  /** Latest event of a type, real ones only. @param saying what its data says under a name */
  latestEvent(
    type: SallyportEvent['type'],
    subject?: string,
    saying?: { readonly field: string; readonly value: string },
  ): Promise<SallyportEvent | null>;
  /** Latest result of each probe. */
  probes(): Promise<readonly ProbeResult[]>;
  /** Events of some types since a time (ms since 1970), oldest first; those of demonstrations and probes too. */
  events(types: readonly SallyportEvent['type'][], sinceMs: number): Promise<readonly SallyportEvent[]>;
  /** Third parties: how many are talked to, and how many of those without an approved manifest. */
  thirdParties(): Promise<ThirdPartyCounts>;
  /** What people hold. */
  accounts(): Promise<AccountCounts>;
  /** Models, data, findings and uses of AI. */
  inventory(): Promise<InventoryCounts>;
}

/** The inventory, counted. */
export interface InventoryCounts {
  readonly assets: number;
  /** Systems, models, data sets and endpoints together, and those that nobody who is here answers for. */
  readonly subjects: number;
  readonly ownerless: number;
  readonly versions: number;
  /** Places at which a version serves. */
  readonly serving: number;
  /** What is to be scanned every day, and what was within one. */
  readonly targets: number;
  readonly scanned: number;
  readonly oldestScanAt: string | null;
  /** Kinds of scans (`SCAN_KINDS`) that some target had within a day, and what they read of these. */
  readonly kinds: readonly ScanKind[];
  /** Those of them that read a file at all. */
  readonly read: readonly ScanKind[];
  readonly images: number;
  readonly prompts: number;
  /** The newest advisory that the latest scan of dependencies knew. */
  readonly advisoriesNewest: string | null;
  /** Findings of scans. */
  readonly findings: {
    readonly open: number;
    readonly ownerless: number;
    readonly overdue: number;
    readonly resolved: number;
    /** How often they were seen, all together. */
    readonly seen: number;
  };
  /** Vulnerabilities that a scan no longer saw, with the time that took. */
  readonly patches: readonly {
    readonly severity: Severity;
    readonly exploited: boolean;
    readonly at: string;
    readonly fromDisclosureMs: number;
    readonly fromFirstSeenMs: number;
  }[];
  /** Uses of AI that were found. */
  readonly uses: {
    readonly found: number;
    readonly decided: number;
    /** Found over a week ago, and nobody decided. */
    readonly late: number;
    readonly newestAt: string | null;
  };
  readonly parties: {
    readonly live: number;
    readonly assessed: number;
    readonly worst: { readonly name: string; readonly score: number } | null;
    readonly oldestAt: string | null;
  };
}

/** Third parties, counted. */
export interface ThirdPartyCounts {
  /** Places elsewhere that the configuration talks to. */
  readonly talkedTo: number;
  /** Of those, without an approved manifest. */
  readonly without: number;
  /** Manifests that are approved and not over. */
  readonly live: number;
  /** Those that nobody of the people here answers for. */
  readonly ownerless: number;
  /** When they were last looked at; null when never. */
  readonly watchedAt: string | null;
}

/** Accounts and what they hold, counted. */
export interface AccountCounts {
  readonly people: number;
  readonly grants: number;
  /** Grants that nobody used for as long as they may go unused. */
  readonly unusedGrants: number;
  /** Accounts that are open and hold nothing, or whose owner never came. */
  readonly orphans: number;
  /** Keys that live, and those of them whose owner left. */
  readonly keys: number;
  readonly keysOwnerless: number;
  /** Reviews whose time is over and that nobody finished. */
  readonly reviewsOverdue: number;
  /** How long a grant may go unused, in days. */
  readonly unusedDays: number;
}

/** What a live probe found. */
export interface ProbeResult {
  readonly probe: string;
  readonly at: string;
  /** Null where what it looks for is not there to be seen; `detail` says what is missing. */
  readonly passed: boolean | null;
  readonly detail: string;
}
