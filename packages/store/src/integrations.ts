import type { Kysely, Selectable } from 'kysely';
import { Quarantine, type Said, touch } from './granting.ts';
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
  /**
   * What was approved, suspended or ended under this name and was not let go since by an approval, as JSON; null where that
   * is nothing.
   */
  readonly replaces: string | null;
}

/** Third parties. */
export class Integrations {
  readonly #db: Kysely<Database>;

  readonly #quarantined: Quarantine;

  /** @param quarantined rows that allow nothing, as `integrations/ID` */
  constructor(db: Kysely<Database>, quarantined: Quarantine = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
  }

  async list(tx: Connection = this.#db): Promise<IntegrationRow[]> {
    const rows = await tx.selectFrom('integrations').selectAll().orderBy('name').execute();
    this.#quarantined.requireAll('integrations', new Set(rows.map(({ id }) => id)));
    return [...rows.map((row) => this.#read(row)), ...this.#lost(rows)];
  }

  /** One by id or name. */
  async find(idOrName: string, tx: Connection = this.#db): Promise<IntegrationRow | null> {
    const row = await tx
      .selectFrom('integrations')
      .selectAll()
      .where((e) => e.or([e('id', '=', idOrName), e('name', '=', idOrName)]))
      .executeTakeFirst();
    if (row) return this.#read(row);
    return this.#lost([]).find(({ id, name }) => id === idOrName || name === idOrName) ?? null;
  }

  /** Whether it is known what every one was of that the record holds and that is not here. */
  get isWhole(): boolean {
    const known = this.#quarantined.said;
    return this.#quarantined
      .missingOf('integrations')
      .every((id) => known.get(`integrations/${id}`)?.manifest);
  }

  /** Those whose rows are missing, as the record has them: suspended. */
  #lost(rows: readonly { readonly id: string }[]): IntegrationRow[] {
    const there = new Set(rows.map(({ id }) => id));
    return this.#quarantined.missingOf('integrations').flatMap((id) => {
      const said = there.has(id) ? undefined : this.#quarantined.said.get(`integrations/${id}`);
      if (!said?.manifest) return [];
      return {
        id,
        name: nameOf(said),
        kind: said.manifest.kind,
        manifest: said.manifest.text,
        owner: null,
        status: 'suspended' as const,
        why: 'its row is missing, and no event in the record removed it',
        seen: '{"certificates":{},"tools":{}}',
        expiresAt: LONG_AGO,
        proposedAt: LONG_AGO,
        proposedBy: 'sallyport',
        approvedAt: LONG_AGO,
        approvedBy: null,
        replaces: said.manifest.replaces,
      };
    });
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
      replaces: one.replaces,
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
    if (!this.#quarantined.bars('integrations', one.id, row)) return one;
    // What it was before somebody changed it is still shut out.
    const said = this.#quarantined.said.get(`integrations/${one.id}`);
    return {
      ...one,
      ...(said?.manifest
        ? {
            kind: said.manifest.kind,
            manifest: said.manifest.text,
            replaces: said.manifest.replaces,
            name: nameOf(said),
          }
        : {}),
      status: one.status === 'ended' ? 'ended' : 'suspended',
      why: 'its row does not follow from the record',
    };
  }
}

const LONG_AGO = '1970-01-01T00:00:00.000Z';

const nameOf = ({ subject }: Said): string => subject.replace(/^integration:/, '');

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
  replaces: row.replaces,
});
