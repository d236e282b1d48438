import type { RiskTier, Severity, UseDecision } from '@sallyport/core';

/** What the core calls them; it cannot be loaded here, for it hashes with Node. */
export const RISK_TIERS = ['minimal', 'limited', 'high', 'prohibited'] as const satisfies readonly RiskTier[];
/** What can be decided about a use of AI. */
export const USE_DECISIONS = ['sanctioned', 'stop', 'ignored'] as const satisfies readonly UseDecision[];

/** Something of the inventory, as the control plane shows it. */
export interface Asset {
  readonly id: string;
  readonly kind: 'system' | 'model' | 'dataset' | 'endpoint';
  readonly name: string;
  readonly owner: string | null;
  readonly purpose: string;
  readonly risk: RiskTier;
  readonly dataClasses: readonly string[];
  readonly source: string;
  readonly licence: string;
  readonly supplier: string;
}

/** The inventory as a whole. */
export interface InventoryList {
  readonly assets: readonly (Asset & { readonly versions: number; readonly serving: readonly string[] })[];
  readonly unregistered: readonly string[];
}

/** A version with its gates. */
export interface Version {
  readonly id: string;
  readonly label: string;
  readonly digest: string;
  readonly seen: string;
  readonly bytes: number;
  readonly files: number;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly approvedAt: string | null;
  readonly approvedBy: string | null;
  readonly gates: readonly { readonly name: string; readonly open: boolean; readonly why: string }[];
  readonly serving: readonly string[];
  readonly attestations: readonly {
    readonly id: string;
    readonly kind: string;
    readonly passed: boolean;
    readonly summary: string;
    readonly at: string;
    readonly actor: string;
    readonly envelope: string;
  }[];
}

/** A model or a data set. */
export interface AssetPage {
  readonly asset: Asset;
  readonly versions: readonly Version[];
  readonly deployments: readonly {
    readonly place: string;
    readonly version: string;
    readonly at: string;
    readonly actor: string;
    readonly endedAt: string | null;
  }[];
}

/** What came of what. */
export interface Lineage {
  readonly nodes: readonly string[];
  readonly edges: readonly {
    readonly source: string;
    readonly target: string;
    readonly relation: string;
    readonly at: string;
  }[];
}

/** What must be dealt with. */
export interface FindingView {
  readonly fingerprint: string;
  readonly digest: string;
  readonly subject: string;
  readonly detector: string;
  readonly technique: string;
  /** What else saw the same. */
  readonly also: readonly string[];
  readonly severity: Severity;
  readonly status: 'open' | 'resolved';
  readonly firstAt: string;
  readonly lastAt: string;
  readonly resolvedAt: string | null;
  readonly count: number;
  readonly demo: boolean;
  readonly owner: string | null;
  readonly dueAt: string;
  readonly overdue: boolean;
  readonly priority: number;
  readonly accepted: { readonly until: string; readonly by: string; readonly reason: string } | null;
  readonly scanned: {
    readonly kind: string;
    readonly target: string;
    readonly place: string;
    readonly message: string;
    readonly remedy: string;
    readonly references: readonly string[];
    readonly exploited: boolean;
    readonly disclosedAt: string;
  } | null;
}

/** A use of AI that was found. */
export interface AiUse {
  readonly fingerprint: string;
  readonly service: string;
  readonly serviceName: string;
  readonly kind: string;
  readonly what: string;
  readonly place: string;
  readonly line: number | null;
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly decision: UseDecision | null;
  readonly owner: string | null;
  readonly reason: string;
  readonly until: string | null;
  readonly registered: boolean;
  readonly digest: string;
}

/** What was scanned, and what is watched. */
export interface Scans {
  readonly scans: readonly {
    readonly at: string;
    readonly target: string;
    readonly kind: string;
    readonly verdict: string;
    readonly files: number;
    readonly detections: number;
    readonly durationMs: number;
  }[];
  readonly watched: readonly {
    readonly name: string;
    readonly folder: string;
    readonly system: string | null;
  }[];
}

/** A place that data may come from. */
export interface DataSource {
  readonly id: string;
  readonly pattern: string;
  readonly note: string;
  readonly licence: string;
  readonly status: 'proposed' | 'approved' | 'ended';
  readonly proposedBy: string;
  readonly expiresAt: string;
  readonly digest: string;
}

/** What was measured of a third party. */
export interface Assessment {
  readonly party: string;
  readonly score: number;
  readonly at: string;
  readonly expiresAt: string;
  readonly facts: readonly {
    readonly what: string;
    readonly good: boolean | null;
    readonly points: number;
  }[];
}
