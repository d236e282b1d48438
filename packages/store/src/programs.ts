import type { Kysely, Selectable } from 'kysely';
import { Quarantine, touch } from './granting.ts';
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

  readonly #quarantined: Quarantine;

  /** @param quarantined rows that grant nothing, as `programs/ID` */
  constructor(db: Kysely<Database>, quarantined: Quarantine = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
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
    touch(tx, 'programs', [program.id]);
  }

  async list(): Promise<ProgramRow[]> {
    return (await this.#db.selectFrom('programs').selectAll().orderBy('name').execute()).map((row) =>
      this.#read(row),
    );
  }

  /** Somebody by id or name. */
  async find(idOrName: string, tx: Connection = this.#db): Promise<ProgramRow | null> {
    const row = await tx
      .selectFrom('programs')
      .selectAll()
      .where((e) => e.or([e('id', '=', idOrName), e('name', '=', idOrName)]))
      .executeTakeFirst();
    return row ? this.#read(row) : null;
  }

  /** Says who answers for one. */
  async setOwner(tx: Connection, id: string, owner: string): Promise<void> {
    await tx.updateTable('programs').set({ owner }).where('id', '=', id).execute();
    touch(tx, 'programs', [id]);
  }

  async setDisabled(tx: Connection, id: string, at: string | null): Promise<void> {
    await tx.updateTable('programs').set({ disabled_at: at }).where('id', '=', id).execute();
    touch(tx, 'programs', [id]);
  }

  /** One whose row does not follow from the record counts as disabled since it was made. */
  #read(row: Selectable<Database['programs']>): ProgramRow {
    const program = toProgram(row);
    return this.#quarantined.bars('programs', program.id, row)
      ? { ...program, disabledAt: program.disabledAt ?? program.createdAt }
      : program;
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
