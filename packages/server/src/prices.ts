import { newEvent, type PriceRow } from '@sallyport/core';
import { type PriceList, pricesVersion } from '@sallyport/store';
import type { Control } from './control.ts';

/** Loads a table of prices in the place of the one before; every worker counts by it from then on. */
export async function importPrices(
  control: Control,
  actor: string,
  rows: readonly PriceRow[],
): Promise<PriceList> {
  const { store } = control.installation;
  const version = pricesVersion(rows);
  await store.change(async (tx) => {
    const before = await store.prices.list(tx);
    await store.prices.replace(tx, rows);
    const event = newEvent('prices-changed', {
      actor,
      subject: 'organisation',
      data: { models: rows.length, version, before: before.version },
    });
    return { result: undefined, event };
  });
  await control.publish();
  return store.prices.list();
}
