import { createHash } from 'node:crypto';
import { newEvent, type PriceRow, priceSetSchema, type SallyportEvent } from '@sallyport/core';
import type { Kysely } from 'kysely';
import type { LogRows } from './log-rows.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** The table of prices, as somebody loaded it. */
export interface PriceList {
  /** Digest of all of it. */
  readonly version: string;
  readonly rows: readonly PriceRow[];
}

/** Bytes of rows, as JSON, that one event carries: an entry of the log is short. */
const EVENT_BYTES = 32_000;
const INSERTED_TOGETHER = 100;

/** Digest of a table of prices, SHA-256 in hex. */
const pricesVersion = (rows: readonly PriceRow[]): string =>
  createHash('sha256').update(JSON.stringify(rows)).digest('hex');

/**
 * Events that put a table of prices in the place of the one before; they belong into one change.
 * @param before version of the one before
 */
export function priceEvents(actor: string, rows: readonly PriceRow[], before: string): SallyportEvent[] {
  const version = pricesVersion(rows);
  const parts: { from: number; rows: PriceRow[] }[] = [{ from: 0, rows: [] }];
  let bytes = 0;
  for (const [from, row] of rows.entries()) {
    bytes += Buffer.byteLength(JSON.stringify(row)) + 1;
    if (bytes > EVENT_BYTES) {
      parts.push({ from, rows: [] });
      bytes = 0;
    }
    parts.at(-1)!.rows.push(row);
  }
  return parts.map((part) =>
    newEvent('prices-changed', {
      actor,
      subject: 'organisation',
      data: { models: rows.length, version, before, ...part },
    }),
  );
}

/** Puts what an event says into the table of prices. Those of earlier versions carry no rows, and change nothing. */
export async function projectPrices(tx: Connection, { data }: SallyportEvent): Promise<void> {
  const { from, rows } = data as { from?: number; rows?: readonly PriceRow[] };
  if (from === undefined || rows === undefined) return;
  if (from === 0) await tx.deleteFrom('prices').execute();
  for (let at = 0; at < rows.length; at += INSERTED_TOGETHER)
    await tx
      .insertInto('prices')
      .values(
        rows.slice(at, at + INSERTED_TOGETHER).map(({ model, system, ...prices }, i) => ({
          id: `${system ?? ''} ${model}`,
          model,
          system: system ?? null,
          prices: JSON.stringify(prices),
          position: from + at + i,
        })),
      )
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
}

/** What the tokens of models cost. */
export class Prices {
  readonly #db: Kysely<Database>;
  /** What the log says of them: that counts, whatever stands in the state. */
  log: LogRows | null = null;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** The table as it was loaded; rows that are no prices are left out. */
  list(): Promise<PriceList> {
    return this.log === null ? listed(this.#db) : this.log.ask(listed);
  }

  /** The same as it stands in the state. */
  stored(): Promise<PriceList> {
    return listed(this.#db);
  }
}

async function listed(db: Connection): Promise<PriceList> {
  const stored = await db.selectFrom('prices').selectAll().orderBy('position').execute();
  const rows = stored.flatMap(({ model, system, prices }): PriceRow[] => {
    const read = priceSetSchema.safeParse(jsonOf(prices));
    return read.success ? [{ ...read.data, model, ...(system !== null && { system }) }] : [];
  });
  return { version: pricesVersion(rows), rows };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
