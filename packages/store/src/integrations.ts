import type { Kysely, Selectable } from 'kysely';
import { touch } from './granting.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** A third party that this installation talks to, or that talks to it, and what it was approved for. */
export interface IntegrationRow {
  readonly id: string;
  /** Lower case, unique. */
  readonly name: string;
  readonly kind: string;
  /** Its manifest as JSON: whoever reads it checks it against its schema. */
  readonly manifest: string;
  /** Id of the person who answers for it. */
  readonly owner: string | null;
  readonly status: 'proposed' | 'approved' | 'suspended' | 'ended';
  /** Why it is suspended or ended; empty otherwise. */
  readonly why: string;
  /** What was seen of it when it was approved: keys of certificates by origin, digests of tools by name; JSON. */
  readonly seen: string;
  readonly expiresAt: string;
  readonly proposedAt: string;
  /** Actor who wrote the manifest as it stands, or noted the change that waits for approval. */
  readonly proposedBy: string;
  readonly approvedAt: string | null;
  readonly approvedBy: string | null;
}

/** Third parties. */
export class Integrations {
  readonly #db: Kysely<Database>;

  readonly #quarantined: ReadonlySet<string>;

  /** @param quarantined rows that allow nothing, as `integrations/ID` */
  constructor(db: Kysely<Database>, quarantined: ReadonlySet<string> = new Set()) {
    this.#db = db;
    this.#quarantined = quarantined;
  }

  async list(): Promise<IntegrationRow[]> {
    return (await this.#db.selectFrom('integrations').selectAll().orderBy('name').execute()).map((row) =>
      this.#read(row),
    );
  }

  /** One by id or name. */
  async find(idOrName: string, tx: Connection = this.#db): Promise<IntegrationRow | null> {
    const row = await tx
      .selectFrom('integrations')
      .selectAll()
      .where((e) => e.or([e('id', '=', idOrName), e('name', '=', idOrName)]))
      .executeTakeFirst();
    return row ? this.#read(row) : null;
  }

  /** Puts one in, or makes it what it is now. */
  async put(tx: Connection, one: IntegrationRow): Promise<void> {
    const { id, name, kind, manifest, owner, status, why, seen } = one;
    const rest = {
      name,
      kind,
      manifest,
      owner,
      status,
      why,
      seen,
      expires_at: one.expiresAt,
      proposed_at: one.proposedAt,
      proposed_by: one.proposedBy,
      approved_at: one.approvedAt,
      approved_by: one.approvedBy,
    };
    await tx
      .insertInto('integrations')
      .values({ id, ...rest })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(rest))
      .execute();
    touch(tx, 'integrations', [id]);
  }

  /** One whose row does not follow from the record is suspended. */
  #read(row: Selectable<Database['integrations']>): IntegrationRow {
    const one = toRow(row);
    return this.#quarantined.has(`integrations/${one.id}`) && one.status === 'approved'
      ? { ...one, status: 'suspended', why: 'its row does not follow from the record' }
      : one;
  }
}

const toRow = (row: Selectable<Database['integrations']>): IntegrationRow => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  manifest: row.manifest,
  owner: row.owner,
  status: row.status as IntegrationRow['status'],
  why: row.why,
  seen: row.seen,
  expiresAt: row.expires_at,
  proposedAt: row.proposed_at,
  proposedBy: row.proposed_by,
  approvedAt: row.approved_at,
  approvedBy: row.approved_by,
});
