import type { Kysely, Selectable } from 'kysely';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** A service account: a program with keys and roles of its own, and somebody who answers for it. */
export interface ProgramRow {
  readonly id: string;
  readonly name: string;
  readonly purpose: string;
  /** Id of the person who answers for it. */
  readonly owner: string | null;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly disabledAt: string | null;
}

/** The service accounts. */
export class Programs {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async insert(tx: Connection, program: ProgramRow): Promise<void> {
    await tx
      .insertInto('programs')
      .values({
        id: program.id,
        name: program.name,
        purpose: program.purpose,
        owner: program.owner,
        created_at: program.createdAt,
        created_by: program.createdBy,
        disabled_at: program.disabledAt,
      })
      .execute();
  }

  async list(): Promise<ProgramRow[]> {
    return (await this.#db.selectFrom('programs').selectAll().orderBy('name').execute()).map(toProgram);
  }

  /** Somebody by id or name. */
  async find(idOrName: string, tx: Connection = this.#db): Promise<ProgramRow | null> {
    const row = await tx
      .selectFrom('programs')
      .selectAll()
      .where((e) => e.or([e('id', '=', idOrName), e('name', '=', idOrName)]))
      .executeTakeFirst();
    return row ? toProgram(row) : null;
  }

  async setDisabled(tx: Connection, id: string, at: string | null): Promise<void> {
    await tx.updateTable('programs').set({ disabled_at: at }).where('id', '=', id).execute();
  }
}

const toProgram = (row: Selectable<Database['programs']>): ProgramRow => ({
  id: row.id,
  name: row.name,
  purpose: row.purpose,
  owner: row.owner,
  createdAt: row.created_at,
  createdBy: row.created_by,
  disabledAt: row.disabled_at,
});
