import { CodedError, clock, newEvent, newId, type SallyportEvent } from '@sallyport/core';
import type { Connection, ReviewItemRow, ReviewKind, ReviewRow } from '@sallyport/store';
import type { RelyingParty } from '../factors/passkeys.ts';
import type { Directory } from '../people/directory.ts';
import type { PersonFactors, Proof } from '../people/factors.ts';
import type { AccessHome, From } from '../people/home.ts';
import type { Who } from '../people/sessions.ts';
import type { SignIn } from '../people/sign-in.ts';
import { strongest } from '../people/strength.ts';
import { newToken, tokenHash } from '../token.ts';
import { type Decider, deciders, undecidable } from './deciders.ts';
import { chosenBySeed, eventItems, grantItems } from './evidence.ts';
import { type Decided, itemsDigest, requireFitting, statementChallenge, statementText } from './statement.ts';

const DAY_MS = 86_400_000;
/** How long a statement waits for its signature, in milliseconds. */
const STATEMENT_MS = 5 * 60_000;
/** Events of the access log that a person judges in one sample. */
const SAMPLE_EVENTS = 25;
/** Samples that people may open while so many wait for a judgement. */
const SAMPLES_OPEN_MAX = 100;
/** What is worth a look: who came, what they opened, changed and were refused. */
const SAMPLED_EVENTS = [
  'session-created',
  'sign-in-failed',
  'access-decided',
  'content-read',
  'report-read',
  'grant-given',
  'grant-removed',
  'key-created',
  'upstream-changed',
] as const;

/** A review with how far it is. */
export interface ReviewView extends ReviewRow {
  readonly items: number;
  readonly undecided: number;
  readonly overdue: boolean;
}

/** Lets pass where one more may be opened beside those of its kind that are open. @throws CodedError `conflict` */
type MayOpen = (open: readonly ReviewRow[]) => void;

/** Reviews of access: who holds what, samples of what was done, and every use of emergency access. */
export class Reviews {
  readonly #home: AccessHome;
  readonly #factors: PersonFactors;
  readonly #directory: Directory;
  readonly #signIn: SignIn;

  constructor(home: AccessHome, factors: PersonFactors, directory: Directory, signIn: SignIn) {
    this.#home = home;
    this.#factors = factors;
    this.#directory = directory;
    this.#signIn = signIn;
  }

  async list(): Promise<ReviewView[]> {
    const { reviews } = this.#home.store;
    const counts = await reviews.counts();
    const now = clock.nowIso();
    return (await reviews.list()).map((review) => ({
      ...review,
      ...(counts.get(review.id) ?? { items: 0, undecided: 0 }),
      overdue: review.closedAt === null && review.dueAt < now,
    }));
  }

  /** One with its items. @throws CodedError `not-found` */
  async one(id: string): Promise<{ review: ReviewRow; items: ReviewItemRow[] }> {
    const { reviews } = this.#home.store;
    const review = await reviews.byId(id);
    if (!review) throw new CodedError('not-found', `there is no review \`${id.slice(0, 64)}\``);
    return { review, items: await reviews.items(id) };
  }

  /** Opens a review of every role that is held. Those nobody decides on lapse when it is due. @throws CodedError `conflict` */
  async openGrants(actor: string, dueDays: number, unusedDays: number): Promise<ReviewRow> {
    const { store } = this.#home;
    const mayOpen: MayOpen = (open) => {
      if (open.length > 0)
        throw new CodedError('conflict', 'a review of roles is open already; finish that first');
    };
    const holders = { people: await store.people.list(), programs: await store.programs.list() };
    const grants = await store.people.grants(clock.nowIso());
    const items = (id: string) => grantItems(id, grants, holders, unusedDays);
    return this.#open(mayOpen, actor, 'grants', '', dueDays, items);
  }

  /**
   * Opens a review of some events of the last days, chosen by chance.
   * @param seed what nobody could know before those events, and anybody can check later
   * @returns null when nothing happened @throws CodedError `conflict` where too many wait
   */
  async openSample(actor: string, seed: string, days: number, dueDays: number): Promise<ReviewRow | null> {
    const { events } = this.#home.store;
    const mayOpen: MayOpen = (open) => {
      if (actor !== 'sallyport' && open.length >= SAMPLES_OPEN_MAX)
        throw new CodedError('conflict', `${SAMPLES_OPEN_MAX} samples wait to be judged; finish one first`);
    };
    const ids = await events.idsSince(SAMPLED_EVENTS, new Date(clock.nowMs() - days * DAY_MS).toISOString());
    const chosen = await events.byIds(chosenBySeed(seed, ids, SAMPLE_EVENTS));
    if (chosen.length === 0) return null;
    const items = (id: string) => eventItems(id, chosen);
    return this.#open(mayOpen, actor, 'sample', seed, dueDays, items, { of: ids.length });
  }

  /** Opens a review of one use of emergency access, in the transaction that gives it. */
  async openBreakGlass(
    tx: Connection,
    used: SallyportEvent,
    dueDays: number,
  ): Promise<{ review: ReviewRow; event: SallyportEvent }> {
    const { review, items, event } = made('sallyport', 'break-glass', '', dueDays, (id) =>
      eventItems(id, [used]),
    );
    await this.#home.store.reviews.insert(tx, review, items);
    return { review, event };
  }

  async #open(
    mayOpen: MayOpen,
    actor: string,
    kind: ReviewKind,
    seed: string,
    dueDays: number,
    items: (id: string) => ReviewItemRow[],
    more: Record<string, unknown> = {},
  ): Promise<ReviewRow> {
    const one = made(actor, kind, seed, dueDays, items, more);
    const { people, reviews } = this.#home.store;
    return this.#home.store.change(async (tx) => {
      // Of two at once the second sees the first.
      await people.oneAtATime(tx);
      mayOpen((await reviews.list(tx)).filter((known) => known.kind === kind && known.closedAt === null));
      await reviews.insert(tx, one.review, one.items);
      return { result: one.review, event: one.event };
    });
  }

  /**
   * Words what somebody decides, for them to sign. With a passkey they sign those words themselves; others prove who
   * they are, and the record holds the words under their name.
   * @param shown digest of the items that they looked at; held against them once more when it is signed
   * @throws CodedError `request-invalid`, `not-found`, `not-permitted`, `conflict`
   */
  async prepare(
    who: Who,
    site: RelyingParty,
    id: string,
    decisions: readonly Decided[],
    shown: string,
  ): Promise<{ ticket: string; statement: string; options: object | null }> {
    const { review, items } = await this.one(id);
    if (review.closedAt !== null) throw new CodedError('conflict', 'this review is closed');
    if (review.diverges) throw unfollowed(review);
    const reviewer = `person:${who.person.id}`;
    requireFitting(review.kind, items, decisions, reviewer);
    const seen = itemsDigest(items);
    if (shown !== seen) throw changedSinceShown();
    const nonce = newToken().slice(0, 22);
    const statement = statementText(id, reviewer, nonce, seen, decisions);
    const ticket = newToken();
    const now = clock.nowMs();
    await this.#home.store.tickets.put({
      hash: tokenHash(ticket),
      kind: 'statement',
      personId: who.person.id,
      data: { review: id, nonce, decisions, seen },
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + STATEMENT_MS).toISOString(),
    });
    const options = await this.#factors.request(site, who.person.id, statementChallenge(statement));
    return { ticket, statement, options };
  }

  /** Takes a signature, and does what was decided. @throws CodedError `factor-invalid`, `rate-limited`, `conflict` */
  sign(who: Who, from: From, site: RelyingParty, ticket: string, proof: Proof): Promise<ReviewRow> {
    return this.#signIn.attempt(who.person, from, () => this.#sign(who, site, ticket, proof));
  }

  async #sign(who: Who, site: RelyingParty, ticket: string, proof: Proof): Promise<ReviewRow> {
    const { store } = this.#home;
    const actor = `person:${who.person.id}`;
    return store.change(async (tx) => {
      const at = clock.nowIso();
      const known = await store.tickets.use(tx, 'statement', tokenHash(ticket), at);
      if (known?.personId !== who.person.id)
        throw new CodedError('factor-invalid', 'the statement was signed or is expired; begin again');
      const {
        review: id,
        nonce,
        decisions,
        seen,
      } = known.data as {
        review: string;
        nonce: string;
        decisions: Decided[];
        seen: string;
      };
      // What is done is what the signature is over.
      const statement = statementText(id, actor, nonce, seen, decisions);
      const review = (await store.reviews.byId(id, tx))!;
      const items = await store.reviews.items(id, tx);
      // What is signed is what was shown.
      if (seen !== itemsDigest(items)) throw changedSinceShown();
      if (review.diverges) throw unfollowed(review);
      requireFitting(review.kind, items, decisions, actor);
      const held =
        'passkey' in proof
          ? await this.#factors.proveChallenge(
              tx,
              who.person,
              statementChallenge(statement).toString('base64url'),
              proof.passkey,
              site,
            )
          : await this.#factors.prove(tx, who.person, proof, site);
      if (held.level < strongest(await this.#factors.kinds(who.person.id, tx)))
        throw new CodedError('factor-invalid', 'your account has a passkey: sign with that');
      const events: SallyportEvent[] = held.event ? [held.event] : [];
      for (const { item, decision, reason } of decisions) {
        if (
          !(await store.reviews.decide(tx, item, { decision, reason: reason?.trim() || null, by: actor, at }))
        )
          throw new CodedError('conflict', 'an item was decided in the meantime; load the review again');
        const row = items.find((one) => one.id === item)!;
        if (decision === 'remove')
          events.push(
            ...(await this.#directory.takeAway(tx, actor, row.holder, row.subject, `review ${id}`, true)),
          );
      }
      const wrong = decisions.flatMap(({ item, decision }) =>
        decision === 'unexpected' ? [items.find(({ id: one }) => one === item)!.holder] : [],
      );
      const signature = 'passkey' in proof ? { ...proof.passkey.response, publicKey: held.publicKey } : null;
      events.push(
        newEvent('review-signed', {
          actor,
          subject: `review:${id}`,
          data: { kind: review.kind, statement, method: held.method, signature, unexpected: wrong },
        }),
      );
      const isDone = items.every(
        (one) => one.decision !== null || decisions.some(({ item }) => item === one.id),
      );
      if (isDone && store.reviews.isWhole)
        events.push(await this.#close(tx, review, at, 'every item was decided on'));
      return { result: review, event: events };
    });
  }

  async #close(
    tx: Connection,
    review: ReviewRow,
    at: string,
    why: string,
    kept: Readonly<Record<string, number>> = {},
  ): Promise<SallyportEvent> {
    await this.#home.store.reviews.close(tx, review.id, at);
    const items = await this.#home.store.reviews.items(review.id, tx);
    const count: Record<string, number> = {};
    for (const { decision } of items)
      count[decision ?? 'undecided'] = (count[decision ?? 'undecided'] ?? 0) + 1;
    return newEvent('review-closed', {
      actor: 'sallyport',
      subject: `review:${review.id}`,
      data: { kind: review.kind, why, count, ...(Object.keys(kept).length > 0 ? { kept } : {}) },
    });
  }

  /** How many people could decide on a review now. */
  async deciding(): Promise<number> {
    return new Set((await deciders(this.#home)).map(({ holder }) => holder)).size;
  }

  /**
   * Closes reviews of roles that are due: what no one decided on lapses, unless no one could have; the last administrator
   * stays. @returns how many roles lapsed, and how many stay undecided
   */
  async lapse(): Promise<{ lapsed: number; kept: number }> {
    const { store } = this.#home;
    let [lapsed, kept] = [0, 0];
    for (const review of await this.list()) {
      // By rows that someone changed no one loses a role.
      if (review.kind !== 'grants' || !review.overdue || review.diverges) continue;
      const one = await store.change(async (tx) => {
        const at = clock.nowIso();
        const events: SallyportEvent[] = [];
        const items = await store.reviews.items(review.id, tx);
        const reasons: Record<string, number> = {};
        /** Read again once a role was taken. */
        let deciding: Decider[] | null = null;
        for (const item of items) {
          if (item.decision !== null || item.diverges) continue;
          if (deciding === null) {
            await store.people.oneAtATime(tx);
            deciding = await deciders(this.#home, tx);
          }
          const stays = await undecidable(this.#home, tx, deciding, item);
          const taken =
            stays !== null
              ? null
              : await this.#directory
                  .takeAway(
                    tx,
                    'sallyport',
                    item.holder,
                    item.subject,
                    `not decided in review ${review.id}`,
                    true,
                  )
                  .catch((fault: unknown) => {
                    if (fault instanceof CodedError && fault.code === 'conflict') return null;
                    throw fault;
                  });
          // A person must be left who can open the next one, and decide on it.
          const decision = taken === null ? 'keep' : 'lapsed';
          const reason = taken === null ? (stays ?? 'no one would be left to administer') : null;
          if (reason !== null) reasons[reason] = (reasons[reason] ?? 0) + 1;
          await store.reviews.decide(tx, item.id, { decision, reason, by: 'sallyport', at });
          if (taken !== null) deciding = null;
          events.push(...(taken ?? []));
        }
        if (store.reviews.isWhole && items.every(({ diverges }) => !diverges))
          events.push(await this.#close(tx, review, at, 'due', reasons));
        const result = {
          lapsed: events.filter(({ type }) => type === 'grant-removed').length,
          kept: Object.values(reasons).reduce((sum, n) => sum + n, 0),
        };
        return { result, event: events };
      });
      lapsed += one.lapsed;
      kept += one.kept;
    }
    return { lapsed, kept };
  }
}

const changedSinceShown = (): CodedError =>
  new CodedError('conflict', 'the review changed since it was shown; load it again');

const unfollowed = ({ id }: ReviewRow): CodedError =>
  new CodedError(
    'conflict',
    `\`reviews/${id}\` does not follow from the record: judge it with \`sallyport state\` first`,
  );

function made(
  actor: string,
  kind: ReviewKind,
  seed: string,
  dueDays: number,
  items: (id: string) => ReviewItemRow[],
  more: Record<string, unknown> = {},
): { review: ReviewRow; items: ReviewItemRow[]; event: SallyportEvent } {
  const now = clock.nowMs();
  const id = newId('rev', now);
  const dueAt = new Date(now + dueDays * DAY_MS).toISOString();
  const review: ReviewRow = {
    id,
    kind,
    seed,
    openedAt: new Date(now).toISOString(),
    openedBy: actor,
    dueAt,
    closedAt: null,
  };
  const own = items(id);
  const data = { kind, seed, dueAt, items: own.map(({ subject }) => subject), ...more };
  return { review, items: own, event: newEvent('review-opened', { actor, subject: `review:${id}`, data }) };
}
