import type { Kysely } from 'kysely';
import { type RowDigest, type RowDigests, rowsOf } from './granting.ts';
import type { GrantingTable } from './granting-tables.ts';
import type { Database } from './schema.ts';

/** Rows of which it is kept what this process made of them, until the record says so. */
const OWN_MAX = 100_000;

/**
 * Holds rows as they were before a change against what the record said of them, so that a change of one part makes nothing good that
 * somebody else had changed before, and that nobody has looked at yet.
 */
export class PreImages {
  /** A connection of its own: it sees what was stored before the change. */
  readonly #db: Kysely<Database> | null;
  /** What this process made of rows: the record says it a moment later. */
  readonly #own = new Map<string, Set<string>>();
  /** What this process made of rows last and stored, null where it removed them, until the record says so. */
  readonly #latest = new Map<string, string | null>();
  /** What the record said last of a row; null until it was read. */
  said: ((row: string) => string | undefined) | null = null;
  /** Told when a row was not what the record said. */
  onAltered: () => void = () => {};

  /** @param db null where there is but one connection */
  constructor(db: Kysely<Database> | null) {
    this.#db = db;
  }

  /** Which rows, `TABLE/KEY`, were not what the record said of them before a change. */
  async altered(rows: readonly string[]): Promise<ReadonlySet<string>> {
    const altered = new Set<string>();
    if (!this.#db || !this.said) return altered;
    const keys = new Map<GrantingTable, string[]>();
    for (const row of rows) {
      const at = row.indexOf('/');
      const table = row.slice(0, at) as GrantingTable;
      keys.set(table, [...(keys.get(table) ?? []), row.slice(at + 1)]);
    }
    for (const [table, own] of keys)
      for (const [row, was] of await rowsOf(this.#db, table, own))
        if (!was.follows(this.said(row)) && this.#own.get(row)?.has(was.digest) !== true) altered.add(row);
    if (altered.size > 0) setImmediate(() => this.onAltered());
    return altered;
  }

  /**
   * Whether a row is what this process made of it last, or what the record said of it last where that is later. So is every
   * row until the record was read. @param now null for one that is not there
   */
  follows(row: string, now: RowDigest | null): boolean {
    if (!this.said) return true;
    const latest = this.#latest.get(row);
    if (latest !== undefined) return latest === (now?.digest ?? null);
    const [said, own] = [this.said(row), this.#own.get(row)];
    return now === null
      ? said === undefined && own === undefined
      : now.follows(said) || own?.has(now.digest) === true;
  }

  /** The same where a change of this process may be stored a moment before it knows so: what it is about to make is as good. */
  followsSoon(row: string, now: RowDigest | null): boolean {
    return (now !== null && this.#own.get(row)?.has(now.digest) === true) || this.follows(row, now);
  }

  /** Notes what a change makes of rows, before it is stored: whoever comes next may see it a moment before this process knows. */
  note(rows: RowDigests): void {
    for (const [row, digest] of Object.entries(rows)) {
      if (digest === null) continue;
      const known = this.#own.get(row) ?? new Set();
      this.#own.set(row, known.add(digest));
      if (this.#own.size > OWN_MAX) this.#own.delete(this.#own.keys().next().value!);
    }
  }

  /** Notes what a change made of rows, once that is stored. */
  stored(rows: RowDigests): void {
    for (const [row, digest] of Object.entries(rows)) {
      this.#latest.delete(row);
      this.#latest.set(row, digest);
      if (this.#latest.size > OWN_MAX) this.#latest.delete(this.#latest.keys().next().value!);
    }
  }

  /** Forgets what the record says by now. */
  recorded(rows: RowDigests): void {
    for (const [row, digest] of Object.entries(rows)) {
      const known = this.#own.get(row);
      if (digest !== null) known?.delete(digest);
      if (known?.size === 0) this.#own.delete(row);
      if (this.#latest.get(row) === digest) this.#latest.delete(row);
    }
  }

  async close(): Promise<void> {
    await this.#db?.destroy();
  }
}
