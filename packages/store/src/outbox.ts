import { CodedError, type SallyportEvent } from '@sallyport/core';
import { type Kysely, sql } from 'kysely';
import type { RowDigests } from './granting.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** Signs texts, and knows its own signatures. */
export interface OutboxSeal {
  sign(text: string): string;
  verify(text: string, seal: string): boolean;
}

/** A row of the outbox, whoever put it there. */
export interface OutboxRow {
  /** Its number, in decimal digits: it may be larger than a number of JavaScript. */
  readonly seq: string;
  /** Null where it holds no event. */
  readonly event: SallyportEvent | null;
  /** Whether the event carries a signature of this installation. */
  readonly sealed: boolean;
}

/** Events of this process that wait for the record, at most: no change is made beyond them. */
const OWN_MAX = 10_000;
/** Rows that are looked at or removed together. */
const PAGE_ROWS = 500;
/** Rows that are swept out at once, at most. */
const SWEPT_MAX = 10_000;

/**
 * How far an event of this process is. `made`: its change is under way; `unsure`: the change failed, and the database may
 * have stored it all the same.
 */
type Stage = 'made' | 'unsure' | 'stored' | 'recorded';

const seqText = sql<string>`cast(seq as text)`;

/**
 * Events on their way into the record. This process keeps its own in memory, and records those: the rows are for the next
 * start after a crash, and whoever writes to the database may change them.
 */
export class Outbox {
  readonly #db: Kysely<Database>;
  #seal: OutboxSeal | null = null;
  /** Events of this process by id, oldest first. */
  readonly #own = new Map<string, { readonly event: SallyportEvent; stage: Stage }>();

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Signs what is put into the outbox, and checks what comes out of it; without one nothing is signed. */
  sealWith(seal: OutboxSeal): void {
    this.#seal = seal;
  }

  /**
   * Puts an event into the outbox of a transaction.
   * @throws CodedError `record-unavailable` while too many wait
   */
  async enqueue(tx: Connection, event: SallyportEvent): Promise<void> {
    if (this.#own.size >= OWN_MAX) throw new CodedError('record-unavailable');
    this.#own.set(event.id, { event, stage: 'made' });
    const text = JSON.stringify(event);
    const kept = this.#seal ? JSON.stringify({ text, seal: this.#seal.sign(text) }) : text;
    await tx.insertInto('outbox').values({ event_id: event.id, event: kept, appended_at: null }).execute();
  }

  /** Notes that the change of these events is stored; or that it failed, and may be stored all the same. */
  ended(events: readonly SallyportEvent[], stage: 'stored' | 'unsure'): void {
    for (const { id } of events) this.#set(id, stage);
  }

  #set(id: string, stage: Stage): void {
    const own = this.#own.get(id);
    if (own) own.stage = stage;
  }

  #at(stage: Stage): SallyportEvent[] {
    return [...this.#own.values()].flatMap((own) => (own.stage === stage ? [own.event] : []));
  }

  /** Finds out which changes that failed are stored all the same. @param tx of the next change: the one before is over */
  async settle(tx: Connection): Promise<void> {
    const unsure = this.#at('unsure').map(({ id }) => id);
    for (let at = 0; at < unsure.length; at += PAGE_ROWS) {
      const page = unsure.slice(at, at + PAGE_ROWS);
      const rows = await tx.selectFrom('outbox').select('event_id').where('event_id', 'in', page).execute();
      const there = new Set(rows.map((row) => row.event_id));
      for (const id of page)
        if (there.has(id)) this.#set(id, 'stored');
        else this.#own.delete(id);
    }
  }

  /** Events of this process that are stored and not recorded, oldest first. */
  stored(most: number): SallyportEvent[] {
    return this.#at('stored').slice(0, most);
  }

  /** Notes that events are in the record. */
  recorded(events: readonly SallyportEvent[]): void {
    for (const { id } of events) this.#set(id, 'recorded');
  }

  /** Removes the rows of events that are in the record. */
  async clear(): Promise<void> {
    const ids = this.#at('recorded').map(({ id }) => id);
    for (let at = 0; at < ids.length; at += PAGE_ROWS) {
      const page = ids.slice(at, at + PAGE_ROWS);
      await this.#db.deleteFrom('outbox').where('event_id', 'in', page).execute();
      for (const id of page) this.#own.delete(id);
    }
  }

  /** What rows are by events of this process that are not recorded yet: digests by `TABLE/KEY`, null for one that is gone. */
  ahead(): ReadonlyMap<string, ReadonlySet<RowDigests[string]>> {
    const out = new Map<string, Set<RowDigests[string]>>();
    for (const { event, stage } of this.#own.values())
      if (stage !== 'recorded')
        for (const [row, digest] of Object.entries(event.rows ?? {}))
          out.set(row, (out.get(row) ?? new Set()).add(digest));
    return out;
  }

  /** Rows of the outbox, oldest first. */
  async rows(most: number): Promise<OutboxRow[]> {
    const rows = await this.#db
      .selectFrom('outbox')
      .select([seqText.as('text'), 'event'])
      .orderBy('seq')
      .limit(most)
      .execute();
    return rows.map(({ text, event }) => ({ seq: text, ...this.#read(event) }));
  }

  #read(kept: unknown): Pick<OutboxRow, 'event' | 'sealed'> {
    const signed = sealedText(kept);
    const event = eventOf(signed?.text ?? kept);
    const isSealed = this.#seal === null || (signed !== null && this.#seal.verify(signed.text, signed.seal));
    return { event, sealed: isSealed };
  }

  /** Removes rows. */
  async remove(rows: readonly Pick<OutboxRow, 'seq'>[]): Promise<void> {
    for (let at = 0; at < rows.length; at += PAGE_ROWS) {
      const page = rows.slice(at, at + PAGE_ROWS).map(({ seq }) => seq);
      await this.#db.deleteFrom('outbox').where(seqText, 'in', page).execute();
    }
  }

  /** Removes rows that this process did not put there; call it while no event is being recorded. @returns how many */
  async sweep(): Promise<number> {
    let swept = 0;
    for (let kept = 0; swept + kept < SWEPT_MAX; ) {
      const rows = await this.#db
        .selectFrom('outbox')
        .select([seqText.as('text'), 'event_id'])
        .orderBy('seq')
        .offset(kept)
        .limit(PAGE_ROWS)
        .execute();
      const others = rows.filter(({ event_id }) => !this.#own.has(event_id));
      await this.remove(others.map(({ text }) => ({ seq: text })));
      swept += others.length;
      kept += rows.length - others.length;
      if (rows.length < PAGE_ROWS) break;
    }
    return swept;
  }
}

function jsonOf(text: unknown): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

function eventOf(text: unknown): SallyportEvent | null {
  const value = jsonOf(text);
  return typeof value?.['id'] === 'string' && typeof value['type'] === 'string'
    ? (value as unknown as SallyportEvent)
    : null;
}

/** The signed text in a row of the outbox, and what it is said to be signed with; null where there is none. */
export function sealedText(kept: unknown): { readonly text: string; readonly seal: string } | null {
  const { text, seal } = jsonOf(kept) ?? {};
  return typeof text === 'string' && typeof seal === 'string' ? { text, seal } : null;
}
