import { PROJECTED_TABLES, projectedOf } from './projected-rows.ts';
import type { Database } from './schema.ts';

/** How the rows of a table are held against the log. */
export interface Granting {
  /** A column, or an expression in SQL. */
  readonly key: string;
  /** What is part of the digest, where it holds something. */
  readonly columns: readonly string[];
  /** What is not, and why. */
  readonly left?: Readonly<Record<string, string>>;
  /** Columns that are part of it in some rows only. */
  readonly partly?: Readonly<Record<string, (row: Readonly<Record<string, unknown>>) => boolean>>;
  /** What the first scheme had of it, in this order, and what it had besides where that held something. */
  readonly first?: readonly string[];
  readonly firstLater?: readonly string[];
  /** Only such rows grant anything. */
  readonly only?: string;
  /** Rows are cleared away once they have ended, without an event: one that is missing lets no one do anything. */
  readonly clears?: true;
  /** Number in {@link HELD} from which on its rows are held; the first where it is left out. */
  readonly since?: number;
}

/**
 * Tables whose rows let someone do something. Each of their changes says in the log what the row is from then on.
 * A column that is added to a digest, or a table to these, needs a number of its own in {@link HELD}.
 */
export const GRANTING_TABLES = {
  api_keys: {
    key: 'id',
    columns: [
      ...['name', 'prefix', 'hash', 'systems', 'scope', 'limits', 'created_at', 'expires_at', 'revoked_at'],
      ...['demo', 'synthetic', 'program', 'owner'],
    ],
    first: ['hash', 'systems', 'scope', 'limits', 'created_at', 'expires_at', 'revoked_at', 'program'],
    firstLater: ['owner'],
  },
  systems: {
    key: 'name',
    columns: ['id', 'config', 'demo', 'origin', 'created_at', 'updated_at'],
    first: ['config', 'demo', 'origin'],
  },
  secret_origins: {
    key: 'id',
    columns: [
      ...['ref', 'origin', 'status', 'by_owner', 'asked_at', 'asked_by', 'approved_at', 'approved_by'],
    ],
    first: ['ref', 'origin', 'status', 'by_owner'],
  },
  people: {
    key: 'id',
    columns: [
      ...['name', 'display_name', 'email', 'password', 'password_changed_at', 'origin', 'external_id'],
      ...['created_at', 'created_by', 'disabled_at', 'local_user', 'shut_out_by'],
    ],
    first: [
      ...['name', 'email', 'password', 'origin', 'external_id', 'created_by', 'disabled_at', 'shut_out_by'],
      'local_user',
    ],
  },
  grants: {
    key: 'id',
    columns: ['holder', 'role', 'system', 'origin', 'created_at', 'created_by', 'expires_at'],
    left: {
      last_used_at: 'noted at each use, without an event; a review suggests by it, and a person decides',
    },
    first: ['holder', 'role', 'system', 'origin', 'created_by', 'expires_at'],
  },
  programs: {
    key: 'id',
    columns: ['name', 'purpose', 'owner', 'created_at', 'created_by', 'disabled_at'],
    first: ['name', 'owner', 'created_by', 'disabled_at'],
  },
  factors: {
    key: 'id',
    columns: ['person_id', 'kind', 'name', 'handle', 'secret', 'created_at', 'confirmed_at', 'used_at'],
    partly: { used_at: (row) => row['kind'] === 'recovery-code' },
    left: {
      counter:
        'moves at each use, without an event; one that is set back opens nothing without the factor itself',
    },
    first: ['person_id', 'kind', 'handle', 'secret', 'confirmed_at'],
    only: 'confirmed_at is not null',
  },
  sessions: {
    key: 'id',
    columns: [
      ...[
        'hash',
        'person_id',
        'level',
        'methods',
        'created_at',
        'expires_at',
        'proven_at',
        'address',
        'agent',
      ],
      ...['device_id', 'provider_session'],
    ],
    left: {
      last_seen_at:
        'noted at each use, without an event; a session that was idle lives no longer than it would have',
    },
    first: ['hash', 'person_id', 'level', 'methods', 'expires_at', 'proven_at'],
    clears: true,
  },
  provisioned: {
    key: 'person_id',
    columns: ['external_id', 'deleted_at'],
    first: ['external_id', 'deleted_at'],
  },
  groups: { key: 'id', columns: ['name', 'external_id', 'created_at'], first: ['name', 'external_id'] },
  group_members: {
    key: "group_id || ':' || person_id",
    columns: ['group_id', 'person_id'],
    first: ['group_id', 'person_id'],
  },
  integrations: {
    key: 'id',
    columns: [
      ...['name', 'kind', 'manifest', 'owner', 'status', 'why', 'seen', 'expires_at', 'proposed_at'],
      ...['proposed_by', 'approved_at', 'approved_by', 'replaces'],
    ],
    first: ['name', 'kind', 'manifest', 'owner', 'status', 'seen', 'expires_at', 'approved_by'],
  },
  tickets: {
    key: 'hash',
    columns: ['kind', 'person_id', 'data', 'created_at', 'expires_at', 'used_at'],
    first: ['kind', 'person_id', 'data', 'expires_at', 'used_at'],
    only: "kind in ('set-up', 'provider-link')",
    clears: true,
  },
  holds: {
    key: 'id',
    columns: ['system', 'reason', 'placed_at', 'placed_by', 'lifted_at', 'lifted_by'],
    since: 3,
  },
  reviews: {
    key: 'id',
    columns: ['kind', 'seed', 'opened_at', 'opened_by', 'due_at', 'closed_at'],
    since: 3,
  },
  review_items: {
    key: 'id',
    columns: [
      ...['review_id', 'subject', 'holder', 'evidence', 'suggestion', 'decision', 'reason', 'decided_by'],
      'decided_at',
    ],
    since: 3,
  },
  assets: {
    key: 'id',
    columns: ['kind', 'name', 'facts', 'created_at', 'created_by', 'updated_at'],
    since: 3,
  },
  asset_versions: {
    key: 'id',
    columns: [
      ...['asset', 'label', 'digest', 'bytes', 'files', 'stored', 'created_at', 'created_by', 'approved_at'],
      'approved_by',
    ],
    since: 3,
  },
  attestations: {
    key: 'id',
    columns: ['digest', 'kind', 'passed', 'summary', 'envelope', 'at', 'actor'],
    since: 3,
  },
  deployments: {
    key: 'id',
    columns: ['place', 'asset', 'version', 'digest', 'at', 'actor', 'ended_at'],
    since: 3,
  },
  data_sources: {
    key: 'id',
    columns: [
      ...['pattern', 'note', 'licence', 'status', 'proposed_at', 'proposed_by', 'approved_at', 'approved_by'],
      'expires_at',
    ],
    since: 3,
  },
} as const satisfies Partial<Record<keyof Database, Granting>>;

/**
 * What of the tables is held, by number: the log says once of which number what stands in the state was taken for right, and from
 * then on every row must follow by it. 1: the digests of the first scheme; 2: those of all columns; 3: holds, reviews and the inventory;
 * 4: findings of scans and decisions about the use of AI, which the log makes by itself ({@link PROJECTED_TABLES}); 5: prices, which it makes too.
 */
export const HELD = 5;

/** All other tables, and why what they hold is not held against the log here. A test fails for one that is in neither. */
export const NOT_GRANTING = {
  meta: 'positions in the log and settings of this program; none opens anything',
  attempts: 'counts of attempts, cleared as they age: one who clears them still needs the secret',
  outbox: 'each event carries a signature of this installation, and one without is not recorded',
  exchanges: 'a projection: `ledger verify` holds it against the entries it was made from',
  events: 'a projection: `ledger verify` holds it against the entries it was made from',
  devices: 'says whether a sign-in is told as one from a new device; opens nothing',
  lineage: 'which asset came of which, shown to people; asked by no gate',
  assessments: 'questionnaires of third parties, shown to approvers; asked by no gate',
} as const satisfies Partial<Record<keyof Database, string>>;

/** One of {@link GRANTING_TABLES}. */
export type GrantingTable = keyof typeof GRANTING_TABLES;

/** The table of a row, by `TABLE/KEY`; undefined where it is none of these. */
export const grantingOf = (row: string): Granting | undefined =>
  (GRANTING_TABLES as Record<string, Granting>)[row.split('/', 1)[0]!];

/** Whether the rows of a row's table are held where the log holds so much, as {@link HELD} numbers it. */
export function isHeld(row: string, held: number): boolean {
  const projected = projectedOf(row);
  return (projected ? PROJECTED_TABLES[projected].since : (grantingOf(row)?.since ?? 1)) <= held;
}

/** Whether a row that the log says is there must be there: it may restrict someone, and rows of its table are not cleared away. */
export function mustBeThere(row: string): boolean {
  const table = grantingOf(row);
  return table !== undefined && table.clears !== true;
}
