import { createHash } from 'node:crypto';
import { type PriceRow, priceSetSchema } from '@sallyport/core';
import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** The table of prices, as somebody loaded it. */
export interface PriceList {
  /** Digest of all of it. */
  readonly version: string;
  readonly rows: readonly PriceRow[];
}

/** Digest of a table of prices, SHA-256 in hex. */
export const pricesVersion = (rows: readonly PriceRow[]): string =>
  createHash('sha256').update(JSON.stringify(rows)).digest('hex');

/** What the tokens of models cost. */
export class Prices {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Puts a table in the place of the one that was there. */
  async replace(tx: Connection, rows: readonly PriceRow[]): Promise<void> {
    await tx.deleteFrom('prices').execute();
    for (const [position, { model, system, ...prices }] of rows.entries())
      await tx
        .insertInto('prices')
        .values({
          id: `${system ?? ''} ${model}`,
          model,
          system: system ?? null,
          prices: JSON.stringify(prices),
          position,
        })
        .execute();
  }

  /** The table as it was loaded; rows that are no prices are left out. */
  async list(tx: Connection = this.#db): Promise<PriceList> {
    const stored = await tx.selectFrom('prices').selectAll().orderBy('position').execute();
    const rows = stored.flatMap(({ model, system, prices }): PriceRow[] => {
      const read = priceSetSchema.safeParse(jsonOf(prices));
      return read.success ? [{ ...read.data, model, ...(system !== null && { system }) }] : [];
    });
    return { version: pricesVersion(rows), rows };
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
