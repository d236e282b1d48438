import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from './schema.ts';

/** Events with which the life of a system begins or ends. */
const LIFE: readonly string[] = ['upstream-added', 'upstream-removed'];
const REMOVED = ' (removed)';

/** What a removed system is called. No system can have such a name, so no role, key or filter of one reaches it. */
export const removedName = (name: string): string => `${name}${REMOVED}`;

/** The name of the system whose life begins or ends with an event; null for other events. */
export const livesAnew = ({
  type,
  subject,
}: {
  readonly type: string;
  readonly subject: string;
}): string | null => (LIFE.includes(type) ? subject.slice('system:'.length) : null);

/** A call, and where in the log it began. */
type Called = Pick<Database['exchanges'], 'system' | 'intent_index'>;

/**
 * Where in the log systems began whose names others had before them. The log knows systems by name; a call that began
 * before the system that has its name now was to one that is removed, and belongs to no other.
 */
export class SystemBirths {
  readonly #db: Kysely<Database>;
  /** By name, the entry with which the latest life of a system began or ended. */
  #lives = new Map<string, number>();
  /** The same of those whose names had calls before, for SQL: of most there are none. */
  #births = new Map<string, number>();
  #read: Promise<void> | null = null;

  /** Reads them from the log: rows of its events may be changed or removed by others. Before it is set none is known. */
  lives: () => Promise<ReadonlyMap<string, number>> = async () => new Map();

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Reads what the record says, once. Whoever asks here waits for it first. */
  ready(): Promise<void> {
    this.#read ??= this.#load().catch((fault: unknown) => {
      this.#read = null;
      throw fault;
    });
    return this.#read;
  }

  /** Forgets all, as the projection does. */
  forget(): void {
    this.#lives = new Map();
    this.#births = new Map();
    this.#read = null;
  }

  async #load(): Promise<void> {
    for (const [name, at] of await this.lives()) await this.see(name, at);
  }

  /** Notes that a system began, or ended, at an entry of the log. Queries ask where calls to one of its name came before. */
  async see(name: string, index: number): Promise<void> {
    this.#lives.set(name, Math.max(index, this.#lives.get(name) ?? 0));
    const { rows } = await sql<{ first: number | null }>`select min(intent_index) as first from (
      select * from (select intent_index from exchanges where synthetic = 0 and system = ${name} order by id limit 1) a
      union all
      select * from (select intent_index from exchanges where synthetic = 1 and system = ${name} order by id limit 1) b
    ) oldest`.execute(this.#db);
    const oldest = rows[0]?.first ?? null;
    if (oldest === null || Number(oldest) >= index) return;
    this.#births.set(name, Math.max(index, this.#births.get(name) ?? 0));
  }

  /** The name of the system that was called. @param begun what began or ended since, by name */
  nameOf({ system, intent_index: index }: Called, begun?: ReadonlyMap<string, number>): string | null {
    if (system === null) return null;
    const birth = Math.max(this.#lives.get(system) ?? 0, begun?.get(system) ?? 0);
    return Number(index) < birth ? removedName(system) : system;
  }

  /** A row, with its system as it is called now. */
  named<R extends Called>(row: R): R {
    return { ...row, system: this.nameOf(row) };
  }

  /** The names under which calls to systems of a name may be listed. */
  namesOf(name: string): string[] {
    return this.#births.has(name) ? [name, removedName(name)] : [name];
  }

  /** The same as {@link nameOf} in SQL; without parameters, so that rows can be grouped by it. */
  get column(): RawBuilder<string | null> {
    if (this.#births.size === 0) return sql<string | null>`system`;
    const cases = [...this.#births].map(
      ([name, birth]) =>
        sql`when system = ${sql.lit(name)} and intent_index < ${sql.lit(birth)} then ${sql.lit(removedName(name))}`,
    );
    return sql<string | null>`case ${sql.join(cases, sql` `)} else system end`;
  }

  /** Calls to one of some systems; to none where there are none, which SQL has no list for. */
  among(systems: readonly string[]): RawBuilder<boolean> {
    const names = systems.filter((name) => !name.endsWith(REMOVED));
    const removed = systems.flatMap((name) =>
      name.endsWith(REMOVED) ? [name.slice(0, -REMOVED.length)] : [],
    );
    const born = names.flatMap((name) => (this.#births.has(name) ? [name] : []));
    const parts = [
      ...(names.length === 0
        ? []
        : [
            sql<boolean>`(system in (${sql.join(names)})${sql.join(
              born.map((name) => sql` and not (${this.#before(name)})`),
              sql``,
            )})`,
          ]),
      ...removed.flatMap((name) => (this.#births.has(name) ? [sql<boolean>`(${this.#before(name)})`] : [])),
    ];
    return parts.length === 0 ? sql<boolean>`1 = 0` : sql<boolean>`(${sql.join(parts, sql` or `)})`;
  }

  #before(name: string): RawBuilder<boolean> {
    return sql<boolean>`system = ${name} and intent_index < ${sql.lit(this.#births.get(name) ?? 0)}`;
  }
}
