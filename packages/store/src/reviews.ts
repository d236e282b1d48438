import { CodedError } from '@sallyport/core';
import type { Kysely, Selectable } from 'kysely';
import { Quarantine, touch } from './granting.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** Closed reviews that are listed, at most. */
const CLOSED_MAX = 500;

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
  /** Its row does not follow from the record: it is open, and nothing is done by it. */
  readonly diverges?: true;
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
  /** Its row does not follow from the record: it is undecided, and nothing is done by it. */
  readonly diverges?: true;
}

/** Reviews of access and their items. */
export class Reviews {
  readonly #db: Kysely<Database>;
  readonly #quarantined: Quarantine;

  /** @param quarantined rows that do not follow from the record, as `reviews/ID` and `review_items/ID` */
  constructor(db: Kysely<Database>, quarantined: Quarantine = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
  }

  /** Whether every item is there that the record says is. */
  get isWhole(): boolean {
    return this.#quarantined.missingOf('review_items').length === 0;
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
    touch(tx, 'reviews', [review.id]);
    touch(
      tx,
      'review_items',
      items.map(({ id }) => id),
    );
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

  /** Reviews, newest first: every one that is open, whatever was opened since, and the latest that are closed. */
  async list(tx: Connection = this.#db): Promise<ReviewRow[]> {
    const all = tx.selectFrom('reviews').selectAll().orderBy('opened_at', 'desc');
    const open = await all.where('closed_at', 'is', null).execute();
    const closed = await all.where('closed_at', 'is not', null).limit(CLOSED_MAX).execute();
    return [...open, ...closed]
      .sort((a, b) => (a.opened_at < b.opened_at ? 1 : -1))
      .map((row) => this.#review(row));
  }

  async byId(id: string, tx: Connection = this.#db): Promise<ReviewRow | null> {
    const row = await tx.selectFrom('reviews').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? this.#review(row) : null;
  }

  /** Items of a review, in the order in which they were put in. */
  async items(reviewId: string, tx: Connection = this.#db): Promise<ReviewItemRow[]> {
    const rows = await tx
      .selectFrom('review_items')
      .selectAll()
      .where('review_id', '=', reviewId)
      .orderBy('id')
      .execute();
    return rows.map((row) => this.#item(row));
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

  /** Decides on an item once. @returns whether nobody had before @throws CodedError `conflict` for one that does not follow from the record */
  async decide(
    tx: Connection,
    itemId: string,
    said: { decision: ReviewItemRow['decision']; reason: string | null; by: string; at: string },
  ): Promise<boolean> {
    const { decision, reason, by, at } = said;
    if (this.#quarantined.has(`review_items/${itemId}`))
      throw new CodedError(
        'conflict',
        `\`review_items/${itemId}\` does not follow from the record: judge it with \`sallyport state\` first`,
      );
    const result = await tx
      .updateTable('review_items')
      .set({ decision, reason, decided_by: by, decided_at: at })
      .where('id', '=', itemId)
      .where('decision', 'is', null)
      .executeTakeFirst();
    touch(tx, 'review_items', [itemId]);
    return Number(result.numUpdatedRows) === 1;
  }

  async close(tx: Connection, id: string, at: string): Promise<void> {
    await tx.updateTable('reviews').set({ closed_at: at }).where('id', '=', id).execute();
    touch(tx, 'reviews', [id]);
  }

  #review(row: Selectable<Database['reviews']>): ReviewRow {
    const review = toReview(row);
    return this.#quarantined.has(`reviews/${row.id}`)
      ? { ...review, closedAt: null, diverges: true }
      : review;
  }

  #item(row: Selectable<Database['review_items']>): ReviewItemRow {
    const item = toItem(row);
    return this.#quarantined.has(`review_items/${row.id}`)
      ? { ...item, decision: null, reason: null, decidedBy: null, decidedAt: null, diverges: true }
      : item;
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
