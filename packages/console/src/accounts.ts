// What the control plane tells of accounts, roles, policies and of what was decided.

/** Who is signed in, and what they hold. */
export interface Session {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly roles: readonly {
    readonly role: string;
    readonly system: string;
    readonly expiresAt: string | null;
  }[];
  /** 1 one factor, 2 two, 3 resistant to phishing. */
  readonly level: number;
  readonly levelNeeded: number;
  readonly methods: readonly string[];
  readonly provenAt: string;
  readonly expiresAt: string;
}

/** A third party. */
export interface Integration {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly status: 'proposed' | 'approved' | 'suspended' | 'ended';
  readonly why: string;
  readonly expiresAt: string;
  readonly digest: string;
  /** What was approved or stopped under its name, and is closed until what is proposed is approved. */
  readonly replaces: readonly { readonly origins: readonly string[] }[];
  readonly manifest: {
    readonly purpose: string;
    readonly origins: readonly string[];
    readonly systems: readonly string[];
    readonly models?: readonly string[];
    readonly operations?: readonly string[];
    readonly tools?: readonly string[];
    readonly dataClasses: readonly string[];
  };
  readonly seen: {
    readonly certificates: Readonly<Record<string, { readonly key: string } | null>>;
    readonly tools: Readonly<Record<string, string>>;
  };
}

/** Third parties, and places elsewhere that are talked to. */
export interface Integrations {
  readonly integrations: readonly Integration[];
  readonly elsewhere: readonly {
    readonly by: string;
    readonly origin: string;
    readonly manifest: string | null;
  }[];
}

/** A review of access. */
export interface Review {
  readonly id: string;
  readonly kind: 'grants' | 'sample' | 'break-glass';
  /** Size and root of the record by which items were chosen; empty where they were not. */
  readonly seed: string;
  readonly openedAt: string;
  readonly dueAt: string;
  readonly closedAt: string | null;
  readonly items: number;
  readonly undecided: number;
  readonly overdue: boolean;
}

/** One thing that a review decides on. */
export interface ReviewItem {
  readonly id: string;
  readonly holder: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly suggestion: { readonly decision: string; readonly why: string } | null;
  readonly decision: string | null;
  readonly reason: string | null;
}

/** The password was right; a second factor is asked for. */
export interface Pending {
  readonly pending: string;
  readonly methods: readonly ('totp' | 'passkey' | 'recovery-code')[];
}

/** What a browser is asked to do with a passkey. */
export interface PasskeyRequest {
  readonly ticket: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** One's own account. */
export interface Account {
  readonly name: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly origin: 'local' | 'oidc' | 'scim';
  readonly passwordChangedAt: string | null;
  readonly levelNeeded: number;
  readonly factors: readonly {
    readonly id: string;
    readonly kind: 'totp' | 'passkey';
    readonly name: string;
    readonly createdAt: string;
    readonly usedAt: string | null;
  }[];
  readonly recoveryCodesLeft: number;
  readonly sessions: readonly {
    readonly id: string;
    readonly methods: readonly string[];
    readonly level: number;
    readonly createdAt: string;
    readonly lastSeenAt: string;
    readonly address: string;
    readonly agent: string;
    readonly current: boolean;
  }[];
  readonly devices: readonly {
    readonly id: string;
    readonly agent: string;
    readonly address: string;
    readonly lastSeenAt: string;
    readonly current: boolean;
  }[];
}

/** A role that somebody holds. */
export interface Grant {
  readonly id: string;
  readonly role: string;
  readonly system: string;
  readonly origin: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
}

/** Somebody with an account. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly origin: 'local' | 'oidc' | 'scim';
  readonly createdAt: string;
  readonly disabledAt: string | null;
  /** Of who is shut out: accounts of the same person that are not. */
  readonly stillIn: readonly { readonly id: string; readonly name: string }[];
  readonly factors: readonly string[];
  readonly grants: readonly Grant[];
}

/** A service account. */
export interface Program {
  readonly id: string;
  readonly name: string;
  readonly purpose: string;
  readonly owner: string | null;
  readonly disabledAt: string | null;
  readonly grants: readonly Grant[];
}

/** The policies that decide now. */
export interface Policies {
  readonly version: string;
  readonly roles: readonly string[];
  readonly actions: readonly { readonly name: string; readonly groups: readonly string[] }[];
  readonly policies: readonly {
    readonly id: string;
    readonly effect: 'permit' | 'forbid';
    readonly text: string;
    readonly planes: readonly string[];
  }[];
}

/** Why a person, program or key may or may not do something. */
export interface Explanation {
  readonly allowed: boolean;
  readonly roles: readonly string[];
  readonly policies: readonly { readonly id: string; readonly effect: string; readonly text: string }[];
  readonly levelNeeded: number | null;
  readonly freshProof: boolean;
  readonly wouldPermit: readonly string[];
}

/** What became of tests of policies. */
export interface PolicyTestResults {
  readonly passed: number;
  readonly failed: number;
  readonly results: readonly {
    readonly name: string;
    readonly passed: boolean;
    readonly expected: string;
    readonly got: string;
  }[];
}

/** One entry of the access log. */
export interface AccessEntry {
  readonly id: string;
  readonly at: string;
  readonly type: string;
  readonly actor: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}
