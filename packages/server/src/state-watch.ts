import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { ExchangeLeaf, SallyportEvent, WorkerLeaf } from '@sallyport/core';
import {
  type NoteSigner,
  openCheckpoint,
  signCheckpoint,
  verifierKeysOf,
  verifyRaw,
} from '@sallyport/ledger';
import {
  isHeld,
  LogRows,
  livesAnew,
  mustBeThere,
  type ProjectedRows,
  type RowDigest,
  type SavedLogRows,
} from '@sallyport/store';
import { writeDurably } from '@sallyport/vault';
import { z } from 'zod';
import { CallTally, type SavedCalls } from './call-tally.ts';
import { ExpiredCalls, type SavedExpired } from './expired-calls.ts';
import { callOf } from './recorded-in.ts';
import { ASKED_TYPES, SaidEvents } from './said-events.ts';

/** A row that does not follow from the record. */
export interface Divergence {
  /** `TABLE/KEY`. */
  readonly row: string;
  /**
   * `unknown`: no event says that it was made; `changed`: it is not what its last event says; `missing`: it is not
   * there, and no event says that it was removed.
   */
  readonly why: 'unknown' | 'changed' | 'missing';
}

/** In words. */
export const DIVERGENCE_WORDS: Readonly<Record<Divergence['why'], string>> = {
  unknown: 'no event in the record says that it was made',
  changed: 'it is not what the record said of it last',
  missing: 'it is not there, and no event in the record says that it was removed',
};

/** Under which part of the log's name what was read so far is signed. */
const PART = 'state';
const savedSchema = z.object({
  size: z.int().min(0),
  held: z.int().min(0),
  // Of the last entry that was read. Earlier versions kept none: then the log is read from its beginning, once.
  last: z.string(),
  rows: z.record(z.string(), z.string()),
  // Earlier versions kept none: then the log is read from its beginning, once.
  log: z.custom<SavedLogRows>((value) => typeof value === 'object' && value !== null),
  lives: z.record(z.string(), z.array(z.int().min(0))),
  calls: z.custom<SavedCalls>((value) => typeof value === 'object' && value !== null),
  expired: z.custom<SavedExpired>((value) => typeof value === 'object' && value !== null),
  // What another version asked for is less, or something else: then the log is read from its beginning, too.
  asked: z.literal(ASKED_TYPES.join(' ')),
  events: z.array(z.custom<SallyportEvent>((value) => typeof value === 'object' && value !== null)),
});
/** Events that may say what is held from then on. */
const HOLDING: ReadonlySet<string> = new Set(['installation-created', 'state-noted']);
/** Before an entry is parsed: whether it can say anything of rows. */
const MARKS = [
  '"rows":{',
  ...[
    ...['detections-noted', 'scan-completed', 'finding-decided', 'ai-uses-noted', 'ai-use-decided'],
    ...['upstream-removed', 'prices-changed', 'calls-expired', ...ASKED_TYPES],
  ].map((type) => `"type":"${type}"`),
].map((text) => Buffer.from(text));

/**
 * What the log says of rows that grant something, read entry by entry. What was read is kept in a file between starts,
 * signed by the log's key, so that whoever writes to the data folder cannot say it; without that file the log is read whole.
 */
export class StateWatch {
  readonly #rows = new Map<string, string>();
  /** Rows that the log makes by itself. */
  log = new LogRows();
  /** Events that decide about someone. */
  events = new SaidEvents();
  /** Calls without an end, and what was spent. */
  calls = new CallTally();
  /** Calls whose rows have expired. */
  expired = new ExpiredCalls();
  /** Entries with which the lives of systems began or ended, by name. */
  readonly #lives = new Map<string, number[]>();
  #next = 0;
  #held = 0;
  /** Hash of the last entry that an earlier run read; null where this one read all. */
  #last: string | null = null;

  /** Number of the first entry that was not read yet. */
  get next(): number {
    return this.#next;
  }

  /** Whether any entry says something of rows: logs of earlier versions do not. */
  get noted(): boolean {
    return this.#held > 0;
  }

  /** What of the tables the log holds, as `HELD` numbers it. */
  get held(): number {
    return this.#held;
  }

  /** What was said last of a row. */
  said(row: string): string | undefined {
    return this.#rows.get(row);
  }

  /** Keys of a table's rows that the log says are there. */
  keysOf(table: string): string[] {
    const prefix = `${table}/`;
    return [...this.#rows.keys()].flatMap((row) =>
      row.startsWith(prefix) ? [row.slice(prefix.length)] : [],
    );
  }

  /** Begins where an earlier run ended, as far as its file can be believed. @param size entries that the log has */
  static load(path: string, signers: readonly NoteSigner[], size: number): StateWatch {
    const watch = new StateWatch();
    if (!existsSync(path)) return watch;
    try {
      const text = readFileSync(path, 'utf8');
      const split = text.indexOf('\n');
      const json = text.slice(0, split);
      const isSigned = signers.some((signer) => {
        try {
          const note = openCheckpoint(text.slice(split + 1), ...verifierKeysOf(signer));
          return note.origin === `${signer.name}/${PART}` && note.root.equals(hash('sha256', json, 'buffer'));
        } catch {
          return false;
        }
      });
      const saved = savedSchema.parse(JSON.parse(json));
      if (!isSigned || saved.size > size) return watch;
      for (const [row, digest] of Object.entries(saved.rows)) watch.#rows.set(row, digest);
      watch.#next = saved.size;
      watch.#held = saved.held;
      watch.#last = saved.last;
      watch.log = new LogRows(saved.log);
      watch.events = new SaidEvents(saved.events);
      watch.calls = new CallTally(saved.calls);
      watch.expired = new ExpiredCalls(saved.expired);
      for (const [name, entries] of Object.entries(saved.lives)) watch.#lives.set(name, entries);
    } catch {
      // Then the log is read from its beginning.
      return new StateWatch();
    }
    return watch;
  }

  /**
   * Whether what an earlier run read is of this log: where an old backup was restored, that is another history, whose file someone kept.
   * @param leafOf an entry of the log
   */
  async isOf(leafOf: LeafOf): Promise<boolean> {
    return this.#last === null || (this.#last !== '' && this.#last === (await lastHash(leafOf, this.#next)));
  }

  /** Reads one entry; those that were read before are passed over. */
  see(index: number, leaf: WorkerLeaf | SallyportEvent): void {
    if (index !== this.#next) return;
    this.#next++;
    this.log.see(index, leaf as SallyportEvent);
    if (leaf.type.startsWith('exchange-')) this.calls.see(leaf as ExchangeLeaf);
    else this.#seeEvent(index, leaf as SallyportEvent);
    const { rows, type, data } = leaf as SallyportEvent;
    if (rows === undefined) return;
    this.#held = Math.max(this.#held, 1, HOLDING.has(type) ? Number(data['held'] ?? 1) : 1);
    for (const [row, digest] of Object.entries(rows))
      if (digest === null) this.#rows.delete(row);
      else this.#rows.set(row, digest);
  }

  #seeEvent(index: number, event: SallyportEvent): void {
    this.events.see(event);
    this.expired.see(index, event);
    const name = livesAnew(event);
    if (name === null) return;
    this.calls.livesAnew(name);
    const entries = this.#lives.get(name);
    if (entries) entries.push(index);
    else this.#lives.set(name, [index]);
  }

  /** Where the latest life of a system began or ended, by name. @param cursor entries that count */
  lives(cursor: number): ReadonlyMap<string, number> {
    const latest = new Map<string, number>();
    for (const [name, entries] of this.#lives) {
      const at = entries.findLast((index) => index < cursor);
      if (at !== undefined) latest.set(name, at);
    }
    return latest;
  }

  /** The same from bytes, most of which need not be parsed. */
  seeBytes(index: number, leaf: Uint8Array): void {
    if (index !== this.#next) return;
    const bytes = Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length);
    const call = callOf(leaf);
    if (call === null ? MARKS.some((mark) => bytes.includes(mark)) : call !== 'denied')
      this.see(index, JSON.parse(bytes.toString()) as SallyportEvent);
    else this.#next++;
  }

  /** Rows that do not follow from what was read. @param digests of the rows as they are */
  diverging(digests: ReadonlyMap<string, RowDigest>): Divergence[] {
    const out: Divergence[] = [];
    for (const [row, digest] of digests) {
      const said = this.#rows.get(row);
      if (isHeld(row, this.#held) && !digest.follows(said))
        out.push({ row, why: said === undefined ? 'unknown' : 'changed' });
    }
    for (const row of this.#rows.keys())
      if (!digests.has(row) && mustBeThere(row)) out.push({ row, why: 'missing' });
    return out;
  }

  /** Rows of tables that are not held yet, and that the log makes by itself otherwise. @param read gives them as they are at one moment */
  async unheldProjected(read: () => Promise<ProjectedRows>): Promise<Divergence[]> {
    const unlike = (await this.log.unlike(read)) ?? [];
    return unlike.filter(({ row }) => !isHeld(row, this.held));
  }

  /** The same of rows that the log makes by itself. @param read gives them as they are at one moment */
  async projected(read: () => Promise<ProjectedRows>): Promise<Divergence[] | null> {
    const unlike = await this.log.unlike(read);
    return unlike?.filter(({ row }) => isHeld(row, this.held)) ?? null;
  }

  /** Tables that have rows of which the log does not say yet what they are. @param rows all that there are, `TABLE/KEY` */
  unheld(all: readonly string[]): string[] {
    const rows = all.filter((row) => !isHeld(row, this.#held));
    return [...new Set(rows.map((row) => row.split('/', 1)[0]!))];
  }

  /**
   * What rows are under the newest scheme that follow, and of which the log says so under an earlier one; and those of tables of which
   * it says nothing yet.
   */
  adopted(digests: ReadonlyMap<string, RowDigest>): Record<string, string> {
    const out: Record<string, string> = {};
    for (const [row, now] of digests) {
      const said = this.#rows.get(row);
      if (said !== now.digest && (now.follows(said) || !isHeld(row, this.#held))) out[row] = now.digest;
    }
    return out;
  }

  /** Keeps what was read. */
  async save(
    path: string,
    signers: readonly [NoteSigner, ...NoteSigner[]],
    seconds: number,
    leafOf: LeafOf,
  ): Promise<void> {
    // First what waits for its turn: what is read meanwhile belongs to the next time.
    const said = { size: this.#next, held: this.#held, rows: Object.fromEntries(this.#rows) };
    const [events, lives] = [[...this.events.all], Object.fromEntries(this.#lives)];
    const [calls, expired] = [this.calls.save(), this.expired.save()];
    const last = await lastHash(leafOf, said.size);
    const json = JSON.stringify({
      ...said,
      last,
      asked: ASKED_TYPES.join(' '),
      events,
      lives,
      calls,
      expired,
      log: await this.log.save(),
    });
    const root = hash('sha256', json, 'buffer');
    const note = signCheckpoint(
      { origin: `${signers[0].name}/${PART}`, size: said.size, root },
      signers,
      seconds,
    );
    writeDurably(path, `${json}\n${note}`, 0o600);
  }
}

/** Reads one entry of a log; null where there is none. */
type LeafOf = (index: number) => Promise<Uint8Array | null>;

/** Of the last of so many entries; empty where it cannot be read. */
async function lastHash(leafOf: LeafOf, size: number): Promise<string> {
  const leaf = size > 0 ? await leafOf(size - 1).catch(() => null) : null;
  return leaf === null ? '' : hash('sha256', leaf, 'base64url');
}

/** What is signed of an event in the outbox. */
export const outboxBytes = (text: string): Buffer => Buffer.from(`sallyport-outbox/1\n${text}`);

/** Whose signature an event in the outbox carries: what others put there is not recorded. */
export const outboxSeal = (signers: () => readonly [NoteSigner, ...NoteSigner[]]) => {
  return {
    sign: (text: string): string => Buffer.from(signers()[0].sign(outboxBytes(text))).toString('base64'),
    verify: (text: string, seal: string): boolean =>
      signers().some((signer) =>
        verifyRaw(verifierKeysOf(signer)[0], outboxBytes(text), Buffer.from(seal, 'base64')),
      ),
  };
};
