import { CodedError } from '@sallyport/core';
import { type Kysely, sql } from 'kysely';

/** Something in the database that acts on rows and that this program did not put there. */
export interface Planted {
  readonly kind: string;
  readonly name: string;
  /** The table that it acts on. */
  readonly table: string;
}

/** Code within an embedded database: it is this program's alone, and has none. */
const IN_SQLITE = sql<Planted>`
  select type as kind, name, tbl_name as "table" from sqlite_master
    where type in ('trigger', 'view') or (type = 'table' and upper(sql) like 'CREATE VIRTUAL%')
  union all
  select 'generated column', x.name, m.name from sqlite_master m, pragma_table_xinfo(m.name) x
    where m.type = 'table' and x.hidden <> 0`;
/** The same of a schema of PostgreSQL, which others may share: only what acts on tables of this program. */
const IN_POSTGRES = sql<Planted>`
  with own as (
    select c.oid, c.relname, c.relkind from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relname in (select name from own_tables))
  select 'trigger' as kind, t.tgname as name, own.relname as "table" from pg_trigger t join own on own.oid = t.tgrelid
    where not t.tgisinternal
  union all
  select 'rule', r.rulename, own.relname from pg_rewrite r join own on own.oid = r.ev_class
    where r.rulename <> '_RETURN'
  union all
  select 'view', relname, relname from own where relkind not in ('r', 'p')
  union all
  select 'generated column', a.attname, own.relname from pg_attribute a join own on own.oid = a.attrelid
    where a.attgenerated <> ''`;

/** What in a database acts on rows behind the product. @param tables that are this program's */
export async function plantedIn<T>(
  db: Kysely<T>,
  engine: 'sqlite' | 'postgres',
  tables: readonly string[],
): Promise<Planted[]> {
  if (engine === 'sqlite') return (await IN_SQLITE.execute(db)).rows;
  const names = sql.join(tables.map((name) => sql`(${name}::text)`));
  const text = sql<Planted>`with own_tables (name) as (values ${names}) select * from (${IN_POSTGRES}) as found`;
  return (await text.execute(db)).rows;
}

/** A sentence about each. */
export const plantedWords = ({ kind, name, table }: Planted): string =>
  `the ${kind} \`${name}\` on \`${table}\` is none of Sallyport's, and changes what the state says`;

/** @throws CodedError `config-invalid` where something acts on rows behind the product */
export function requireNonePlanted(planted: readonly Planted[]): void {
  const [first] = planted;
  if (first)
    throw new CodedError(
      'config-invalid',
      `${plantedWords(first)}; find out who put it there, remove it (drop ${first.kind} …), and look at \`sallyport state\``,
    );
}
