import { CodedError, clock } from '@sallyport/core';
import { type Kysely, sql } from 'kysely';

/** One forward step of the schema. There is no way back: restore a backup instead. */
interface Migration {
  readonly name: string;
  /** Statements, the same for both engines but for `{serial}` and `{bigint}`. */
  readonly statements: readonly string[];
}

/** Every migration, in order. Append only; a landed one never changes. */
const MIGRATIONS: readonly Migration[] = [
  {
    name: '0001-foundation',
    statements: [
      'create table meta (name text primary key, value text not null)',
      `create table api_keys (id text primary key, name text not null, prefix text not null, hash text not null unique,
        systems text not null, limits text not null, created_at text not null, expires_at text not null,
        revoked_at text, demo integer not null, synthetic integer not null)`,
      `create table systems (name text primary key, config text not null, demo integer not null,
        origin text not null, created_at text not null, updated_at text not null)`,
      'create table administrators (id text primary key, name text not null unique, password text not null, created_at text not null)',
      'create table setup_links (hash text primary key, created_at text not null, expires_at text not null, used_at text)',
      `create table sessions (hash text primary key, admin_id text not null references administrators (id),
        created_at text not null, last_seen_at text not null, expires_at text not null)`,
      'create table outbox (seq {serial}, event_id text not null unique, event text not null, appended_at text)',
      'create index outbox_waiting on outbox (seq) where appended_at is null',
      `create table exchanges (id text primary key, at text not null, ended_at text, system text, actor text not null,
        dialect text, operation text, model text, mode text not null, stream integer not null, demo integer not null,
        synthetic integer not null, outcome text, status integer, code text, action text not null,
        would_be text not null, inspected integer not null, policy_ids text, redactions integer not null,
        input_tokens {bigint} not null, output_tokens {bigint} not null, cost_micro_usd {bigint} not null,
        reserved_tokens {bigint} not null, reserved_micro_usd {bigint} not null, detections text not null,
        timings text not null, intent_index {bigint} not null, outcome_index {bigint}, worker integer not null,
        seq {bigint} not null, run text not null)`,
      'create index exchanges_at on exchanges (at)',
      'create index exchanges_open on exchanges (id) where outcome is null',
      `create table events (id text primary key, at text not null, type text not null, actor text not null,
        subject text not null, demo integer not null, synthetic integer not null, data text not null,
        leaf_index {bigint} not null)`,
      'create index events_type on events (type, at)',
      `create table findings (fingerprint text primary key, subject text not null, detector text not null,
        technique text not null, severity text not null, status text not null, first_at text not null,
        last_at text not null, count {bigint} not null, demo integer not null)`,
    ],
  },
  {
    name: '0002-traffic-views',
    statements: [
      'alter table exchanges add column trace text',
      'create index exchanges_list on exchanges (synthetic, id)',
      'create index exchanges_system on exchanges (synthetic, system, id)',
    ],
  },
  {
    name: '0003-key-scopes',
    statements: [`alter table api_keys add column scope text not null default '{}'`],
  },
  {
    name: '0004-people',
    statements: [
      `create table people (id text primary key, name text not null unique, display_name text not null, email text,
        password text, password_changed_at text, origin text not null, external_id text unique,
        created_at text not null, created_by text not null, disabled_at text)`,
      `insert into people select id, lower(name), name, null, password, created_at, 'local', null, created_at,
        'set-up', null from administrators`,
      `create table grants (id text primary key, holder text not null, role text not null, system text not null,
        origin text not null, created_at text not null, created_by text not null, expires_at text, last_used_at text)`,
      'create index grants_holder on grants (holder)',
      `insert into grants select 'grt_' || substr(id, 5), 'person:' || id, 'administrator', '*', 'local', created_at,
        'set-up', null, null from administrators`,
      'drop table sessions',
      'drop table setup_links',
      'drop table administrators',
      `create table factors (id text primary key, person_id text not null references people (id), kind text not null,
        name text not null, handle text not null unique, secret text not null, counter {bigint} not null,
        created_at text not null, confirmed_at text, used_at text)`,
      'create index factors_person on factors (person_id)',
      `create table devices (id text primary key, hash text not null unique, person_id text not null references people (id),
        agent text not null, address text not null, first_seen_at text not null, last_seen_at text not null)`,
      'create index devices_person on devices (person_id)',
      `create table sessions (hash text primary key, id text not null unique, person_id text not null references people (id),
        level integer not null, methods text not null, created_at text not null, last_seen_at text not null,
        expires_at text not null, proven_at text not null, address text not null, agent text not null, device_id text,
        provider_session text)`,
      'create index sessions_person on sessions (person_id)',
      `create table tickets (hash text primary key, kind text not null, person_id text, data text not null,
        created_at text not null, expires_at text not null, used_at text)`,
      'create table attempts (key text primary key, count {bigint} not null, since {bigint} not null)',
    ],
  },
  {
    name: '0005-programs',
    statements: [
      `create table programs (id text primary key, name text not null unique, purpose text not null, owner text,
        created_at text not null, created_by text not null, disabled_at text)`,
      'alter table api_keys add column program text',
      `create table provisioned (person_id text primary key references people (id), external_id text, deleted_at text)`,
      'create table groups (id text primary key, name text not null unique, external_id text, created_at text not null)',
      `create table group_members (group_id text not null references groups (id),
        person_id text not null references people (id), primary key (group_id, person_id))`,
      'create index group_members_person on group_members (person_id)',
    ],
  },
  {
    name: '0006-reviews',
    statements: [
      `create table reviews (id text primary key, kind text not null, seed text not null, opened_at text not null,
        opened_by text not null, due_at text not null, closed_at text)`,
      `create table review_items (id text primary key, review_id text not null references reviews (id),
        subject text not null, holder text not null, evidence text not null, suggestion text, decision text,
        reason text, decided_by text, decided_at text)`,
      'create index review_items_review on review_items (review_id)',
    ],
  },
  {
    name: '0007-integrations',
    statements: [
      `create table integrations (id text primary key, name text not null unique, kind text not null,
        manifest text not null, owner text, status text not null, why text not null, seen text not null,
        expires_at text not null, proposed_at text not null, proposed_by text not null, approved_at text,
        approved_by text)`,
    ],
  },
  {
    name: '0008-inventory',
    statements: [
      `create table assets (id text primary key, kind text not null, name text not null, facts text not null,
        created_at text not null, created_by text not null, updated_at text not null, unique (kind, name))`,
      `create table asset_versions (id text primary key, asset text not null references assets (id), label text not null,
        digest text not null, bytes {bigint} not null, files text not null, stored integer not null,
        created_at text not null, created_by text not null, approved_at text, approved_by text, unique (asset, label))`,
      'create index asset_versions_digest on asset_versions (digest)',
      `create table attestations (id text primary key, digest text not null, kind text not null, passed integer not null,
        summary text not null, envelope text not null, at text not null, actor text not null)`,
      'create index attestations_digest on attestations (digest, kind, at)',
      `create table deployments (id text primary key, place text not null, asset text not null, version text not null,
        digest text not null, at text not null, actor text not null, ended_at text)`,
      'create index deployments_place on deployments (place, ended_at)',
      'create unique index deployments_live on deployments (place) where ended_at is null',
      `create table lineage (source text not null, target text not null, relation text not null, at text not null,
        primary key (source, target, relation))`,
      'create index lineage_target on lineage (target)',
      `create table data_sources (id text primary key, pattern text not null unique, note text not null,
        licence text not null, status text not null, proposed_at text not null, proposed_by text not null,
        approved_at text, approved_by text, expires_at text not null)`,
      `create table assessments (id text primary key, party text not null, facts text not null, score integer not null,
        at text not null, actor text not null, expires_at text not null)`,
      'create index assessments_party on assessments (party, at)',
      `create table ai_uses (fingerprint text primary key, service text not null, service_name text not null,
        kind text not null, what text not null, place text not null, line integer, count {bigint} not null,
        first_at text not null, last_at text not null, synthetic integer not null, decision text, owner text,
        reason text not null, decided_by text, decided_at text, until text)`,
      `create table ai_decisions (service text primary key, decision text not null, owner text, reason text not null,
        decided_by text not null, decided_at text not null, until text)`,
      'alter table findings add column scanned text',
      'alter table findings add column scan text',
      'alter table findings add column target text',
      'alter table findings add column owner text',
      'alter table findings add column accepted text',
      'alter table findings add column resolved_at text',
      'create index findings_target on findings (target, status)',
    ],
  },
  {
    name: '0009-holds',
    statements: [
      `create table holds (id text primary key, system text not null, reason text not null, placed_at text not null,
        placed_by text not null, lifted_at text, lifted_by text)`,
    ],
  },
  {
    name: '0010-ticket-kinds',
    statements: ['create index tickets_kind on tickets (kind, expires_at)'],
  },
  {
    name: '0011-secret-origins',
    statements: [
      `create table secret_origins (id text primary key, ref text not null, origin text not null, status text not null,
        by_owner integer not null, asked_at text not null, asked_by text not null, approved_at text, approved_by text,
        unique (ref, origin))`,
    ],
  },
  {
    name: '0012-rights',
    statements: [
      'alter table people add column local_user text',
      'create unique index people_local_user on people (local_user)',
      // Of those who were shut out before it is not known by whom: only an administrator lets them in again.
      'alter table people add column shut_out_by text',
      "update people set shut_out_by = 'administrator' where disabled_at is not null",
      "alter table systems add column id text not null default ''",
      "update systems set id = 'sys_' || name",
    ],
  },
  {
    name: '0013-key-owners',
    statements: ['alter table api_keys add column owner text'],
  },
  {
    name: '0014-prices',
    statements: [
      ...['priced', 'cache_read_tokens', 'cache_write_tokens', 'reasoning_tokens', 'audio_tokens'].map(
        (column) => `alter table exchanges add column ${column} {bigint} not null default 0`,
      ),
      `create table prices (id text primary key, model text not null, system text, prices text not null,
        position {bigint} not null)`,
    ],
  },
  {
    name: '0015-one-attack',
    statements: ["alter table findings add column also text not null default '[]'"],
  },
  {
    name: '0016-replaced-manifests',
    statements: ['alter table integrations add column replaces text'],
  },
];

const WORDS = {
  sqlite: { serial: 'integer primary key autoincrement', bigint: 'integer' },
  postgres: { serial: 'bigint generated always as identity primary key', bigint: 'bigint' },
} as const;

/** Tables that hold state, those that others refer to first, and a column of each that the engine numbers, if it has one. */
export function stateTables(): ReadonlyMap<string, string | null> {
  const tables = new Map<string, string | null>();
  for (const statement of MIGRATIONS.flatMap(({ statements }) => statements)) {
    const [, made, column] = /^create table (\w+) \((?:(\w+) \{serial\})?/.exec(statement) ?? [];
    if (made) tables.set(made, column ?? null);
    const [, gone] = /^drop table (\w+)/.exec(statement) ?? [];
    if (gone) tables.delete(gone);
  }
  return tables;
}

/** Names of migrations that were applied. */
export async function appliedMigrations<T>(db: Kysely<T>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from schema_migrations`.execute(db);
  return rows.map(({ name }) => name);
}

/**
 * Brings the schema up to date; each migration in a transaction of its own.
 * @param only names of those to apply, for a schema as it was; all if left out
 * @returns names of those applied
 * @throws CodedError `config-invalid` for a name that this version does not know
 */
export async function migrate<T>(
  db: Kysely<T>,
  engine: 'sqlite' | 'postgres',
  only?: readonly string[],
): Promise<string[]> {
  const unknown = only?.find((name) => !MIGRATIONS.some((migration) => migration.name === name));
  if (unknown !== undefined)
    throw new CodedError(
      'config-invalid',
      `this state is of a newer version: \`${unknown}\` is not known here`,
    );
  await sql`create table if not exists schema_migrations (name text primary key, applied_at text not null)`.execute(
    db,
  );
  const known = await appliedMigrations(db);
  const newer = known.find((name) => !MIGRATIONS.some((migration) => migration.name === name));
  if (newer !== undefined)
    throw new CodedError(
      'config-invalid',
      `this state was written by a newer version (\`${newer}\` is not known here): start that version, or restore a backup of before`,
    );
  const applied: string[] = [];
  for (const migration of MIGRATIONS) {
    if (only && !only.includes(migration.name)) continue;
    await db.transaction().execute(async (tx) => {
      if (engine === 'postgres')
        await sql`select pg_catalog.pg_advisory_xact_lock(5348001::bigint)`.execute(tx);
      const found = await sql<{
        name: string;
      }>`select name from schema_migrations where name = ${migration.name}`.execute(tx);
      if (found.rows.length > 0) return;
      for (const statement of migration.statements) {
        const text = statement.replaceAll(
          /\{(serial|bigint)\}/g,
          (_, word: 'serial' | 'bigint') => WORDS[engine][word],
        );
        await sql.raw(text).execute(tx);
      }
      await sql`insert into schema_migrations (name, applied_at) values (${migration.name}, ${clock.nowIso()})`.execute(
        tx,
      );
      applied.push(migration.name);
    });
  }
  return applied;
}
