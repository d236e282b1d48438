import { CodedError } from '@sallyport/core';
import { type Kysely, sql } from 'kysely';
import { type Default, ownDefaults, type Planted, plantedInSqlite } from './planted-sqlite.ts';

/**
 * Functions and operators that statements of this program name. Of several that go by one name PostgreSQL takes the one whose types fit
 * best, wherever it lies; those over types of others fit none of this program's values.
 */
const CALLED = [
  ...[
    'array_position',
    'count',
    'current_schemas',
    'has_schema_privilege',
    'json_populate_recordset',
    'lower',
  ],
  ...[
    'max',
    'min',
    'pg_advisory_xact_lock',
    'pg_get_expr',
    'pg_get_serial_sequence',
    'quote_ident',
    'replace',
  ],
  ...['substr', 'sum', 'to_regclass', 'unnest', 'upper'],
];
const COMPARED = ['=', '<>', '<', '>', '<=', '>=', '~', '!~', '~~', '!~~', '||'];

/**
 * Code in PostgreSQL, which others may share: only what acts on tables of this program, wherever its connections find them. Whatever
 * runs a function in a change of this program's counts, also where it only seems to check or to sort.
 */
const IN_POSTGRES = sql<Planted>`
  select 'trigger' as kind, t.tgname as name, own.relname as "table" from pg_trigger t join own on own.oid = t.tgrelid
    where not t.tgisinternal
  union all
  select 'rule', r.rulename, own.relname from pg_rewrite r join own on own.oid = r.ev_class
    where r.rulename <> '_RETURN'
  union all
  select 'policy', p.polname, own.relname from pg_policy p join own on own.oid = p.polrelid
  union all
  select 'row security', relname, relname from own where relrowsecurity
  union all
  select 'view', relname, relname from own where relkind <> 'r'
  union all
  select 'inherited table', c.relname, own.relname from own
    join pg_inherits i on own.oid in (i.inhparent, i.inhrelid)
    join pg_class c on c.oid = case when own.oid = i.inhparent then i.inhrelid else i.inhparent end
  union all
  select 'constraint', c.conname, own.relname from pg_constraint c join own on own.oid = c.conrelid
    where c.contype in ('c', 'x', 't')
  union all
  select 'foreign key', c.conname, own.relname from pg_constraint c join own on own.oid in (c.conrelid, c.confrelid)
    where c.contype = 'f' and (c.confdeltype <> 'a' or c.confupdtype <> 'a'
      or c.conrelid not in (select oid from own) or c.confrelid not in (select oid from own))
  union all
  select 'index', x.relname, own.relname from pg_index i join own on own.oid = i.indrelid
    join pg_class x on x.oid = i.indexrelid
    where i.indexprs is not null
      or exists (select from pg_opclass o where o.oid = any (i.indclass::oid[])
        and o.opcnamespace <> 'pg_catalog'::regnamespace)
      or exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = x.oid
        and d.refclassid not in ('pg_class'::regclass, 'pg_constraint'::regclass))
  union all
  select 'column of a type', a.attname, own.relname from pg_attribute a join own on own.oid = a.attrelid
    join pg_type t on t.oid = a.atttypid left join pg_collation l on l.oid = a.attcollation
    where a.attnum > 0 and not a.attisdropped
      and (t.typnamespace <> 'pg_catalog'::regnamespace
        or coalesce(l.collnamespace <> 'pg_catalog'::regnamespace, false))
  union all
  select 'function', p.proname, null from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname <> 'pg_catalog' and n.nspname = any (pg_catalog.current_schemas(false))
      and p.proname = any (${CALLED}::name[])
      and not exists (select from pg_type t where t.oid = any (p.proargtypes::oid[])
        and t.typnamespace <> 'pg_catalog'::regnamespace and t.typrelid not in (select oid from own))
  union all
  select 'operator', o.oprname, null from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
    where n.nspname <> 'pg_catalog' and n.nspname = any (pg_catalog.current_schemas(false))
      and o.oprname = any (${COMPARED}::name[])
      and not exists (select from pg_type t where t.oid in (o.oprleft, o.oprright)
        and t.typnamespace <> 'pg_catalog'::regnamespace and t.typrelid not in (select oid from own))
  union all
  select 'schema before \`pg_catalog\`', x.name, null
    from pg_catalog.unnest(pg_catalog.current_schemas(true)) with ordinality as x (name, at)
    where x.name::text not like 'pg\\_temp\\_%'
      and x.at < pg_catalog.array_position(pg_catalog.current_schemas(true), 'pg_catalog'::name)
  union all
  select 'generated column', a.attname, own.relname from pg_attribute a join own on own.oid = a.attrelid
    where a.attgenerated <> ''`;
const DEFAULTS_IN_POSTGRES = sql<Default>`
  select own.relname as "table", a.attname as name, pg_get_expr(d.adbin, d.adrelid) as value
  from pg_attrdef d join own on own.oid = d.adrelid
  join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum where a.attgenerated = ''`;

async function plantedInPostgres<T>(
  db: Kysely<T>,
  tables: readonly string[],
): Promise<{ found: readonly Planted[]; defaults: readonly Default[] }> {
  const names = sql.join(tables.map((name) => sql`(${name}::text)`));
  const own = sql`with own as (
    select c.oid, c.relname, c.relkind, c.relrowsecurity from (values ${names}) as of_own (name)
    join pg_class c on c.oid = to_regclass(quote_ident(of_own.name)))`;
  const { rows: found } = await sql<Planted>`${own} select * from (${IN_POSTGRES}) as found`.execute(db);
  const { rows } = await sql<Default>`${own} select * from (${DEFAULTS_IN_POSTGRES}) as found`.execute(db);
  return { found, defaults: rows };
}

/** What in a database acts on rows behind the product. @param tables that are this program's */
export async function plantedIn<T>(
  db: Kysely<T>,
  engine: 'sqlite' | 'postgres',
  tables: readonly string[],
): Promise<Planted[]> {
  const { found, defaults } =
    engine === 'sqlite' ? await plantedInSqlite(db, tables) : await plantedInPostgres(db, tables);
  const known = await ownDefaults();
  const others = defaults.filter(
    ({ table, name, value }) =>
      tables.includes(table) && known.get(`${table}.${name}`) !== value.replace(/^('[^']*')::text$/, '$1'),
  );
  return [...found, ...others.map(({ table, name }) => ({ kind: 'default of the column', name, table }))];
}

/** A sentence about each. */
export const plantedWords = ({ kind, name, table, isGone }: Planted): string =>
  `the ${kind} \`${name}\`${table === null ? '' : ` on \`${table}\``} ` +
  `${isGone ? 'is gone' : "is none of Sallyport's"}, and changes what the state says`;

/** @throws CodedError `config-invalid` where something acts on rows behind the product */
export function requireNonePlanted(planted: readonly Planted[]): void {
  const [first] = planted;
  if (!first) return;
  const help = first.help ?? (first.isGone ? 'restore a backup' : 'remove it');
  throw new CodedError(
    'config-invalid',
    `${plantedWords(first)}; find out who did that, ${help}, and look at \`sallyport state\``,
  );
}
