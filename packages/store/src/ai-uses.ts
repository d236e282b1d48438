import { type SallyportEvent, seenDigest, type UseDecision } from '@sallyport/core';
import { type Kysely, type Selectable, sql } from 'kysely';
import { Quarantine } from './granting.ts';
import type { LogRows } from './log-rows.ts';
import { keysOf } from './projected-rows.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';
import { livesAnew, removedName } from './system-births.ts';

/** One use of AI that was found, as an event carries it. */
export interface NotedUse {
  readonly fingerprint: string;
  readonly service: string;
  readonly serviceName: string;
  readonly kind: string;
  readonly what: string;
  /** The file, or whoever uses it. */
  readonly place: string;
  readonly line: number | null;
  readonly count: number;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
}

/** A use of AI and what was decided about it. */
export interface AiUse extends NotedUse {
  readonly firstAt: string;
  readonly lastAt: string;
  readonly synthetic: boolean;
  readonly decision: UseDecision | null;
  /** Id of the person who answers for it. */
  readonly owner: string | null;
  readonly reason: string;
  readonly decidedBy: string | null;
  readonly decidedAt: string | null;
  /** When the decision ends, RFC 3339; null where it does not. */
  readonly until: string | null;
}

/** Writes what an event says of the use of AI. */
export async function projectUses(tx: Connection, event: SallyportEvent): Promise<void> {
  const name = livesAnew(event);
  if (event.type === 'ai-uses-noted') await note(tx, event);
  else if (event.type === 'ai-use-decided') await decide(tx, event);
  else if (name !== null) await retire(tx, event, name);
}

/** What was found and decided of a system that is removed is of no other. */
async function retire(tx: Connection, { id }: SallyportEvent, name: string): Promise<void> {
  const [service, removed] = [`system:${name}`, `system:${removedName(name)}`];
  await tx.deleteFrom('ai_decisions').where('service', '=', service).execute();
  await tx
    .updateTable('ai_uses')
    .set({
      fingerprint: sql<string>`fingerprint || ${`~${id}`}`,
      service: removed,
      place: sql<string>`replace(place, ${service}, ${removed})`,
    })
    .where('service', '=', service)
    .execute();
}

async function note(tx: Connection, { at, synthetic, data }: SallyportEvent): Promise<void> {
  const decisions = new Map(
    (await tx.selectFrom('ai_decisions').selectAll().execute()).map((row) => [row.service, row]),
  );
  for (const use of data['uses'] as NotedUse[]) {
    const general = decisions.get(use.service);
    const lastAt = use.lastAt ?? at;
    await tx
      .insertInto('ai_uses')
      .values({
        fingerprint: use.fingerprint,
        service: use.service,
        service_name: use.serviceName,
        kind: use.kind,
        what: use.what,
        place: use.place,
        line: use.line,
        count: use.count,
        first_at: use.firstAt ?? at,
        last_at: lastAt,
        synthetic: Number(synthetic),
        decision: general?.decision ?? null,
        owner: general?.owner ?? null,
        reason: general?.reason ?? '',
        decided_by: general?.decided_by ?? null,
        decided_at: general?.decided_at ?? null,
        until: general?.until ?? null,
      })
      .onConflict((conflict) =>
        conflict.column('fingerprint').doUpdateSet((e) => ({
          line: use.line,
          count: sql<number>`${e.ref('ai_uses.count')} + ${use.count}`,
          last_at: lastAt,
        })),
      )
      .execute();
  }
}

/** Digest of uses as somebody decides about them: what and where; how often and when last may go on. */
export const usesDigest = (uses: readonly Omit<AiUse, 'synthetic'>[]): string =>
  seenDigest(
    uses
      .map(({ fingerprint, service, kind, what, place, decision, decidedAt }) => [
        fingerprint,
        service,
        kind,
        what,
        place,
        decision,
        decidedAt,
      ])
      .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)),
  );

/** What was decided of uses that are not any more what was looked at decides nothing. */
async function decide(tx: Connection, { at, actor, data }: SallyportEvent): Promise<void> {
  const { fingerprint, service, decision, owner, reason, until, seen } = data as {
    fingerprint?: string;
    seen?: string;
    service: string;
    decision: UseDecision;
    owner: string | null;
    reason: string;
    until: string | null;
  };
  const covers = (use: AiUse): boolean =>
    fingerprint === undefined ? use.service === service : use.fingerprint === fingerprint;
  if (seen !== undefined && usesDigest((await latestUses(tx)).filter(covers)) !== seen) return;
  const decided = { decision, owner, reason, decided_by: actor, decided_at: at, until };
  if (fingerprint !== undefined) {
    await tx.updateTable('ai_uses').set(decided).where('fingerprint', '=', fingerprint).execute();
    return;
  }
  await tx
    .insertInto('ai_decisions')
    .values({ service, ...decided })
    .onConflict((conflict) => conflict.column('service').doUpdateSet(decided))
    .execute();
  await tx.updateTable('ai_uses').set(decided).where('service', '=', service).execute();
}

async function latestUses(db: Connection): Promise<AiUse[]> {
  const rows = await db
    .selectFrom('ai_uses')
    .selectAll()
    .where('synthetic', '=', 0)
    .orderBy('last_at', 'desc')
    .orderBy('fingerprint')
    .execute();
  return rows.map(toUse);
}

/** Uses of AI that were found. */
export class AiUses {
  readonly #db: Kysely<Database>;
  readonly #quarantined: Quarantine;
  /** What the log says of them. */
  log: LogRows | null = null;

  /** @param quarantined rows that do not follow from the record, as `ai_uses/FINGERPRINT` */
  constructor(db: Kysely<Database>, quarantined: Quarantine = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
  }

  /** Those of this organisation, the latest first. */
  async list(): Promise<AiUse[]> {
    return (await this.#saying())?.(latestUses) ?? latestUses(this.#db);
  }

  async find(fingerprint: string): Promise<AiUse | null> {
    const find = async (db: Connection): Promise<AiUse | null> => {
      const query = db.selectFrom('ai_uses').selectAll().where('fingerprint', '=', fingerprint);
      const row = await query.executeTakeFirst();
      return row ? toUse(row) : null;
    };
    const said = await this.#saying();
    return said ? said(find) : find(this.#db);
  }

  /** Asks the log where rows do not follow from it; null where all do. */
  async #saying(): Promise<(<T>(query: (db: Connection) => Promise<T>) => Promise<T>) | null> {
    const { log } = this;
    const tables = ['ai_uses', 'ai_decisions'] as const;
    if (log === null || tables.every((table) => keysOf(table, this.#quarantined).length === 0)) return null;
    return (query) => log.ask(query);
  }
}

const toUse = (row: Selectable<Database['ai_uses']>): AiUse => ({
  fingerprint: row.fingerprint,
  service: row.service,
  serviceName: row.service_name,
  kind: row.kind,
  what: row.what,
  place: row.place,
  line: row.line,
  count: row.count,
  firstAt: row.first_at,
  lastAt: row.last_at,
  synthetic: row.synthetic === 1,
  decision: row.decision as UseDecision | null,
  owner: row.owner,
  reason: row.reason,
  decidedBy: row.decided_by,
  decidedAt: row.decided_at,
  until: row.until,
});
