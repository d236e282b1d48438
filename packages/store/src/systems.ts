import { type SystemConfig, systemSchema } from '@sallyport/core';
import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** A system as stored. */
export interface SystemRow {
  readonly name: string;
  readonly config: SystemConfig;
  readonly demo: boolean;
  /** `command` for those added by command or API, `demo` for the demonstrations. */
  readonly origin: 'command' | 'demo';
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The AI systems added at run time; those in `sallyport.yaml` are not stored. */
export class Systems {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async put(tx: Connection, system: SystemRow): Promise<void> {
    const row = {
      name: system.name,
      config: JSON.stringify(system.config),
      demo: Number(system.demo),
      origin: system.origin,
      created_at: system.createdAt,
      updated_at: system.updatedAt,
    };
    await tx
      .insertInto('systems')
      .values(row)
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet({
          config: row.config,
          updated_at: row.updated_at,
        }),
      )
      .execute();
  }

  async remove(tx: Connection, name: string): Promise<boolean> {
    const result = await tx.deleteFrom('systems').where('name', '=', name).executeTakeFirst();
    return Number(result.numDeletedRows) === 1;
  }

  async list(): Promise<SystemRow[]> {
    const rows = await this.#db.selectFrom('systems').selectAll().orderBy('name').execute();
    return rows.map((row) => ({
      name: row.name,
      config: systemSchema.parse(JSON.parse(row.config)),
      demo: row.demo === 1,
      origin: row.origin as SystemRow['origin'],
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    }));
  }
}
