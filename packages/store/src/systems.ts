import { describeIssue, type SystemConfig, systemNameSchema, systemSchema } from '@sallyport/core';
import type { Kysely } from 'kysely';
import { Quarantine, touch } from './granting.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** A system as stored. */
export interface SystemRow {
  /** Which system it is: another that bears the name later is another. Absent where it was never told. */
  readonly id?: string;
  readonly name: string;
  readonly config: SystemConfig;
  readonly demo: boolean;
  /** `command` for those added by command or API, `demo` for the demonstrations. */
  readonly origin: 'command' | 'demo';
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A row that this version cannot read. */
export interface BrokenSystem {
  readonly name: string;
  readonly demo: boolean;
  readonly why: string;
}

/** The AI systems added at run time; those in `sallyport.yaml` are not stored. */
export class Systems {
  readonly #db: Kysely<Database>;

  readonly #quarantined: Quarantine;

  /** @param quarantined rows that are not used, as `systems/NAME` */
  constructor(db: Kysely<Database>, quarantined: Quarantine = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
  }

  async put(tx: Connection, system: SystemRow): Promise<void> {
    const row = {
      id: system.id ?? '',
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
    touch(tx, 'systems', [system.name]);
  }

  async remove(tx: Connection, name: string): Promise<boolean> {
    const result = await tx.deleteFrom('systems').where('name', '=', name).executeTakeFirst();
    touch(tx, 'systems', [name]);
    return Number(result.numDeletedRows) === 1;
  }

  /** Whether there is a row under a name. */
  async isThere(tx: Connection, name: string): Promise<boolean> {
    const row = await tx.selectFrom('systems').select('name').where('name', '=', name).executeTakeFirst();
    return row !== undefined;
  }

  async list(): Promise<SystemRow[]> {
    return (await this.read()).systems;
  }

  /** Every row: those that can be used, and those that cannot. One that cannot spoils nothing else. */
  async read(): Promise<{ systems: SystemRow[]; broken: BrokenSystem[] }> {
    const systems: SystemRow[] = [];
    const broken: BrokenSystem[] = [];
    const rows = await this.#db.selectFrom('systems').selectAll().orderBy('name').execute();
    this.#quarantined.requireAll('systems', new Set(rows.map(({ name }) => name)));
    for (const row of rows) {
      const demo = row.demo === 1;
      const config = systemSchema.safeParse(fromJson(row.config));
      if (!config.success) broken.push({ name: row.name, demo, why: describeIssue(config.error) });
      else if (this.#quarantined.bars('systems', row.name, row))
        broken.push({
          name: row.name,
          demo,
          why: this.#quarantined.isUnstored(`systems/${row.name}`)
            ? 'it was removed, which is not stored yet'
            : 'its row does not follow from the record',
        });
      else if (!systemNameSchema.safeParse(row.name).success)
        broken.push({ name: row.name, demo, why: 'its name is none' });
      else
        systems.push({
          ...(row.id === '' ? {} : { id: row.id }),
          name: row.name,
          config: config.data,
          demo,
          origin: row.origin === 'demo' ? 'demo' : 'command',
          createdAt: row.created_at,
          updatedAt: row.updated_at,
        });
    }
    const names = new Set([...systems, ...broken].map(({ name }) => name));
    for (const name of this.#quarantined.missingOf('systems'))
      if (!names.has(name))
        broken.push({ name, demo: false, why: 'its row is missing, and no event in the record removed it' });
    return { systems, broken };
  }
}

/** What a text of JSON says; undefined where it is none. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
