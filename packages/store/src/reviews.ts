import type { Kysely, Selectable } from 'kysely';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** What a review looks at: who holds what, a sample of the access log, or one use of emergency access. */
export type ReviewKind = 'grants' | 'sample' | 'break-glass';
/** What a reviewer says of an item: a role stays or goes; what happened was expected or not. */
export type ReviewDecision = 'keep' | 'remove' | 'expected' | 'unexpected';

/** A review: items that people decide on before it is due. */
export interface ReviewRow {
  readonly id: string;
  readonly kind: ReviewKind;
  /** What was chosen by chance was chosen with this; empty where nothing was. */
  readonly seed: string;
  readonly openedAt: string;
  readonly openedBy: string;
  readonly dueAt: string;
  /** When its last item was decided, or it was closed because it was due. */
  readonly closedAt: string | null;
}

/** One thing to decide on. */
export interface ReviewItemRow {
  readonly id: string;
  readonly reviewId: string;
  /** Id of the grant or event. */
  readonly subject: string;
  /** Whom it is about, `person:ID` or `program:ID`: they cannot decide on it. */
  readonly holder: string;
  /** What the reviewer sees, as it was when the review opened. */
  readonly evidence: Readonly<Record<string, unknown>>;
  /** What the evidence suggests, and why; null where it suggests nothing. */
  readonly suggestion: { readonly decision: ReviewDecision; readonly why: string } | null;
  readonly decision: ReviewDecision | 'lapsed' | null;
  readonly reason: string | null;
  readonly decidedBy: string | null;
  readonly decidedAt: string | null;
}

/** Reviews of access and their items. */
export class Reviews {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async insert(tx: Connection, review: ReviewRow, items: readonly ReviewItemRow[]): Promise<void> {
    await tx
      .insertInto('reviews')
      .values({
        id: review.id,
        kind: review.kind,
        seed: review.seed,
        opened_at: review.openedAt,
        opened_by: review.openedBy,
        due_at: review.dueAt,
        closed_at: review.closedAt,
      })
      .execute();
    for (const item of items)
      await tx
        .insertInto('review_items')
        .values({
          id: item.id,
          review_id: item.reviewId,
          subject: item.subject,
          holder: item.holder,
          evidence: JSON.stringify(item.evidence),
          suggestion: item.suggestion === null ? null : JSON.stringify(item.suggestion),
          decision: item.decision,
          reason: item.reason,
          decided_by: item.decidedBy,
          decided_at: item.decidedAt,
        })
        .execute();
  }

  /** Reviews, newest first. */
  async list(tx: Connection = this.#db): Promise<ReviewRow[]> {
    const rows = await tx.selectFrom('reviews').selectAll().orderBy('opened_at', 'desc').limit(500).execute();
    return rows.map(toReview);
  }

  async byId(id: string, tx: Connection = this.#db): Promise<ReviewRow | null> {
    const row = await tx.selectFrom('reviews').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? toReview(row) : null;
  }

  /** Items of a review, in the order in which they were put in. */
  async items(reviewId: string, tx: Connection = this.#db): Promise<ReviewItemRow[]> {
    const rows = await tx
      .selectFrom('review_items')
      .selectAll()
      .where('review_id', '=', reviewId)
      .orderBy('id')
      .execute();
    return rows.map(toItem);
  }

  /** How many items there are, and how many are not decided yet, by review. */
  async counts(): Promise<Map<string, { items: number; undecided: number }>> {
    const rows = await this.#db
      .selectFrom('review_items')
      .select((e) => ['review_id', e.fn.countAll().as('items'), e.fn.count('decision').as('decided')])
      .groupBy('review_id')
      .execute();
    return new Map(
      rows.map((row) => [
        row.review_id,
        { items: Number(row.items), undecided: Number(row.items) - Number(row.decided) },
      ]),
    );
  }

  /** Decides on an item once. @returns whether nobody had before */
  async decide(
    tx: Connection,
    itemId: string,
    said: { decision: ReviewItemRow['decision']; reason: string | null; by: string; at: string },
  ): Promise<boolean> {
    const { decision, reason, by, at } = said;
    const result = await tx
      .updateTable('review_items')
      .set({ decision, reason, decided_by: by, decided_at: at })
      .where('id', '=', itemId)
      .where('decision', 'is', null)
      .executeTakeFirst();
    return Number(result.numUpdatedRows) === 1;
  }

  async close(tx: Connection, id: string, at: string): Promise<void> {
    await tx.updateTable('reviews').set({ closed_at: at }).where('id', '=', id).execute();
  }
}

const toReview = (row: Selectable<Database['reviews']>): ReviewRow => ({
  id: row.id,
  kind: row.kind as ReviewKind,
  seed: row.seed,
  openedAt: row.opened_at,
  openedBy: row.opened_by,
  dueAt: row.due_at,
  closedAt: row.closed_at,
});

const toItem = (row: Selectable<Database['review_items']>): ReviewItemRow => ({
  id: row.id,
  reviewId: row.review_id,
  subject: row.subject,
  holder: row.holder,
  evidence: JSON.parse(row.evidence) as ReviewItemRow['evidence'],
  suggestion: row.suggestion === null ? null : (JSON.parse(row.suggestion) as ReviewItemRow['suggestion']),
  decision: row.decision as ReviewItemRow['decision'],
  reason: row.reason,
  decidedBy: row.decided_by,
  decidedAt: row.decided_at,
});
