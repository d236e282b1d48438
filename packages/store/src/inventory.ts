import {
  type Asset,
  type AssetKind,
  type AssetVersion,
  type Attestation,
  assetFactsSchema,
  type Deployment,
  type LineageEdge,
  type VersionFile,
} from '@sallyport/core';
import type { Kysely, Selectable } from 'kysely';
import { Quarantine, touch } from './granting.ts';
import { edgesAround } from './lineage-edges.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';
import { removedName } from './system-births.ts';

/** A place that data may come from. */
export interface DataSource {
  readonly id: string;
  /** The beginning of an address or a path. */
  readonly pattern: string;
  readonly note: string;
  readonly licence: string;
  readonly status: 'proposed' | 'approved' | 'ended';
  readonly proposedAt: string;
  readonly proposedBy: string;
  readonly approvedAt: string | null;
  readonly approvedBy: string | null;
  readonly expiresAt: string;
}

/** What was measured of a third party. */
export interface Assessment {
  readonly id: string;
  /** Name of the integration. */
  readonly party: string;
  readonly facts: readonly {
    readonly what: string;
    readonly good: boolean | null;
    readonly points: number;
  }[];
  /** 0 to 100. */
  readonly score: number;
  readonly at: string;
  readonly actor: string;
  readonly expiresAt: string;
}

const EDGES_MAX = 5_000;

/**
 * Systems, models, datasets and endpoints; their versions, what is said of them, what serves them, what came of what. What does not
 * follow from the record approves, says and serves nothing.
 */
export class InventoryStore {
  readonly #db: Kysely<Database>;
  readonly #quarantined: Quarantine;

  /** @param quarantined rows that do not follow from the record, as `asset_versions/ID` */
  constructor(db: Kysely<Database>, quarantined: Quarantine = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
  }

  async assets(kind?: AssetKind): Promise<Asset[]> {
    let query = this.#db.selectFrom('assets').selectAll().orderBy('kind').orderBy('name');
    if (kind !== undefined) query = query.where('kind', '=', kind);
    return (await query.execute()).map((row) => this.#asset(row));
  }

  async asset(kind: AssetKind, name: string, tx: Connection = this.#db): Promise<Asset | null> {
    const row = await tx
      .selectFrom('assets')
      .selectAll()
      .where('kind', '=', kind)
      .where('name', '=', name)
      .executeTakeFirst();
    return row ? this.#asset(row) : null;
  }

  async putAsset(tx: Connection, asset: Asset): Promise<void> {
    const { id, kind, name, createdAt, createdBy, updatedAt, ...facts } = asset;
    const rest = { facts: JSON.stringify(facts), updated_at: updatedAt };
    await tx
      .insertInto('assets')
      .values({ id, kind, name, created_at: createdAt, created_by: createdBy, ...rest })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(rest))
      .execute();
    touch(tx, 'assets', [id]);
  }

  async versions(asset?: string): Promise<AssetVersion[]> {
    let query = this.#db
      .selectFrom('asset_versions')
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc');
    if (asset !== undefined) query = query.where('asset', '=', asset);
    return (await query.execute()).map((row) => this.#version(row));
  }

  async version(asset: string, label: string, tx: Connection = this.#db): Promise<AssetVersion | null> {
    const row = await tx
      .selectFrom('asset_versions')
      .selectAll()
      .where('asset', '=', asset)
      .where('label', '=', label)
      .executeTakeFirst();
    return row ? this.#version(row) : null;
  }

  async versionById(id: string, tx: Connection = this.#db): Promise<AssetVersion | null> {
    const row = await tx.selectFrom('asset_versions').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? this.#version(row) : null;
  }

  async putVersion(tx: Connection, version: AssetVersion): Promise<void> {
    const rest = {
      stored: Number(version.stored),
      approved_at: version.approvedAt,
      approved_by: version.approvedBy,
    };
    await tx
      .insertInto('asset_versions')
      .values({
        id: version.id,
        asset: version.asset,
        label: version.label,
        digest: version.digest,
        bytes: version.bytes,
        files: JSON.stringify(version.files),
        created_at: version.createdAt,
        created_by: version.createdBy,
        ...rest,
      })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(rest))
      .execute();
    touch(tx, 'asset_versions', [version.id]);
  }

  /** What is said about a digest, the latest first. */
  async attestations(digest: string, tx: Connection = this.#db): Promise<Attestation[]> {
    const rows = await tx
      .selectFrom('attestations')
      .selectAll()
      .where('digest', '=', digest)
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .execute();
    return rows
      .filter((row) => !this.#quarantined.bars('attestations', row.id, row))
      .map((row) => ({ ...row, kind: row.kind as Attestation['kind'], passed: row.passed === 1 }));
  }

  async addAttestation(tx: Connection, attestation: Attestation): Promise<void> {
    await tx
      .insertInto('attestations')
      .values({ ...attestation, passed: Number(attestation.passed) })
      .execute();
    touch(tx, 'attestations', [attestation.id]);
  }

  /** What serves what, the latest first. @param live only what serves now */
  async deployments(live: boolean, tx: Connection = this.#db): Promise<Deployment[]> {
    let query = tx.selectFrom('deployments').selectAll().orderBy('at', 'desc').orderBy('id', 'desc');
    if (live) query = query.where('ended_at', 'is', null);
    return (await query.execute())
      .filter((row) => !this.#quarantined.bars('deployments', row.id, row))
      .map(({ ended_at, ...row }) => ({ ...row, endedAt: ended_at }));
  }

  /** Ends what serves at a place, and begins what shall; null ends it only. */
  async deploy(tx: Connection, place: string, at: string, next: Deployment | null): Promise<void> {
    const ended = await tx
      .updateTable('deployments')
      .set({ ended_at: at })
      .where('place', '=', place)
      .where('ended_at', 'is', null)
      .returning('id')
      .execute();
    touch(
      tx,
      'deployments',
      [...ended, ...(next ? [next] : [])].map(({ id }) => id),
    );
    if (!next) return;
    const { endedAt, ...row } = next;
    await tx
      .insertInto('deployments')
      .values({ ...row, ended_at: endedAt })
      .execute();
  }

  /** Calls a system by the name of a removed one in all that is over: what served there, and what came of what. */
  async retire(tx: Connection, name: string): Promise<void> {
    const [system, removed] = [`system:${name}`, `system:${removedName(name)}`];
    const moved = await tx
      .updateTable('deployments')
      .set({ place: removed })
      .where('place', '=', system)
      .returning('id')
      .execute();
    touch(
      tx,
      'deployments',
      moved.map(({ id }) => id),
    );
    const edges = await tx
      .deleteFrom('lineage')
      .where((e) => e.or([e('source', '=', system), e('target', '=', system)]))
      .returningAll()
      .execute();
    const called = (node: string): string => (node === system ? removed : node);
    await this.addEdges(
      tx,
      edges.map((edge) => ({ ...edge, source: called(edge.source), target: called(edge.target) })),
    );
  }

  async addEdges(tx: Connection, edges: readonly LineageEdge[]): Promise<void> {
    for (const edge of edges)
      await tx
        .insertInto('lineage')
        .values({ ...edge })
        .onConflict((conflict) => conflict.columns(['source', 'target', 'relation']).doNothing())
        .execute();
  }

  async edges(): Promise<LineageEdge[]> {
    return this.#db.selectFrom('lineage').selectAll().orderBy('at', 'desc').limit(EDGES_MAX).execute();
  }

  /** How many edges there are. */
  async edgeCount(): Promise<number> {
    const row = await this.#db
      .selectFrom('lineage')
      .select((e) => e.fn.countAll().as('n'))
      .executeTakeFirst();
    return Number(row?.n ?? 0);
  }

  /** The edges that lead to a node and on from it. See {@link edgesAround}. */
  edgesAround(node: string, steps: number): Promise<{ edges: LineageEdge[]; whole: boolean }> {
    return edgesAround(this.#db, node, steps, EDGES_MAX);
  }

  async sources(tx: Connection = this.#db): Promise<DataSource[]> {
    const rows = await tx.selectFrom('data_sources').selectAll().orderBy('pattern').execute();
    return rows.map((row) => this.#source(row));
  }

  async source(id: string, tx: Connection = this.#db): Promise<DataSource | null> {
    const row = await tx.selectFrom('data_sources').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? this.#source(row) : null;
  }

  async putSource(tx: Connection, source: DataSource): Promise<void> {
    const rest = {
      note: source.note,
      licence: source.licence,
      status: source.status,
      proposed_at: source.proposedAt,
      proposed_by: source.proposedBy,
      approved_at: source.approvedAt,
      approved_by: source.approvedBy,
      expires_at: source.expiresAt,
    };
    await tx
      .insertInto('data_sources')
      .values({ id: source.id, pattern: source.pattern, ...rest })
      .onConflict((conflict) => conflict.column('pattern').doUpdateSet(rest))
      .execute();
    const own = await tx
      .selectFrom('data_sources')
      .select('id')
      .where('pattern', '=', source.pattern)
      .execute();
    touch(
      tx,
      'data_sources',
      own.map(({ id }) => id),
    );
  }

  /** No one answers for one that does not follow from the record. */
  #asset(row: Selectable<Database['assets']>): Asset {
    const asset = toAsset(row);
    return this.#quarantined.bars('assets', row.id, row) ? { ...asset, owner: null } : asset;
  }

  /** One is not approved that does not follow from the record, or whose asset does not, or of which more was said than is here. */
  #version(row: Selectable<Database['asset_versions']>): AssetVersion {
    const version = toVersion(row);
    const isInDoubt =
      this.#quarantined.bars('asset_versions', row.id, row) ||
      this.#quarantined.has(`assets/${row.asset}`) ||
      this.#lacksWord(row.digest);
    return isInDoubt ? { ...version, approvedAt: null, approvedBy: null } : version;
  }

  /** Whether something that the record says of a digest is missing or changed here: it may have been said against it. */
  #lacksWord(digest: string): boolean {
    if (this.#quarantined.size === 0) return false;
    const missing = this.#quarantined.missing;
    return [...this.#quarantined].some((row) => {
      if (!row.startsWith('attestations/')) return false;
      const said = this.#quarantined.said.get(row);
      return said?.digest === undefined ? missing.has(row) : said.digest === digest;
    });
  }

  #source(row: Selectable<Database['data_sources']>): DataSource {
    const source = toSource(row);
    return this.#quarantined.has(`data_sources/${row.id}`) && source.status === 'approved'
      ? { ...source, status: 'proposed', approvedAt: null, approvedBy: null }
      : source;
  }

  /** The latest assessment of each third party. */
  async assessments(): Promise<Assessment[]> {
    const rows = await this.#db.selectFrom('assessments').selectAll().orderBy('at').execute();
    const latest = new Map(rows.map((row) => [row.party, row]));
    return [...latest.values()].map(({ expires_at, facts, ...row }) => ({
      ...row,
      facts: JSON.parse(facts) as Assessment['facts'],
      expiresAt: expires_at,
    }));
  }

  async addAssessment(tx: Connection, { expiresAt, facts, ...row }: Assessment): Promise<void> {
    await tx
      .insertInto('assessments')
      .values({ ...row, facts: JSON.stringify(facts), expires_at: expiresAt })
      .execute();
  }
}

const toAsset = (row: Selectable<Database['assets']>): Asset => ({
  ...assetFactsSchema.parse(JSON.parse(row.facts)),
  id: row.id,
  kind: row.kind as AssetKind,
  name: row.name,
  createdAt: row.created_at,
  createdBy: row.created_by,
  updatedAt: row.updated_at,
});

const toVersion = (row: Selectable<Database['asset_versions']>): AssetVersion => ({
  id: row.id,
  asset: row.asset,
  label: row.label,
  digest: row.digest,
  bytes: Number(row.bytes),
  files: JSON.parse(row.files) as VersionFile[],
  stored: row.stored === 1,
  createdAt: row.created_at,
  createdBy: row.created_by,
  approvedAt: row.approved_at,
  approvedBy: row.approved_by,
});

const toSource = (row: Selectable<Database['data_sources']>): DataSource => ({
  id: row.id,
  pattern: row.pattern,
  note: row.note,
  licence: row.licence,
  status: row.status as DataSource['status'],
  proposedAt: row.proposed_at,
  proposedBy: row.proposed_by,
  approvedAt: row.approved_at,
  approvedBy: row.approved_by,
  expiresAt: row.expires_at,
});
