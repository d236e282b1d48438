import { InTurn, type PriceRow } from '@sallyport/core';
import { type PriceList, priceEvents } from '@sallyport/store';
import type { Control } from './control.ts';

/** By control: imports, one after the other. Each is judged by the table that it takes the place of. */
const imports = new WeakMap<Control, InTurn>();

/**
 * Loads a table of prices in the place of the one before; every worker counts by it from then on.
 * @param permit refuses it, by the table before: no other comes between
 */
export function importPrices(
  control: Control,
  actor: string,
  rows: readonly PriceRow[],
  permit: (before: readonly PriceRow[]) => Promise<void> = async () => {},
): Promise<PriceList> {
  const turn = imports.get(control) ?? new InTurn();
  imports.set(control, turn);
  return turn.do(() => importNow(control, actor, rows, permit));
}

async function importNow(
  control: Control,
  actor: string,
  rows: readonly PriceRow[],
  permit: (before: readonly PriceRow[]) => Promise<void>,
): Promise<PriceList> {
  const { installation } = control;
  const { prices } = installation.store;
  // One before that waits for the record is told there first: the log alone says which prices there are.
  await installation.sweep();
  await installation.flush();
  await permit((await prices.list()).rows);
  await installation.store.change(async () => ({
    result: undefined,
    event: priceEvents(actor, rows, (await prices.list()).version),
  }));
  await installation.flush();
  await control.publish();
  return prices.list();
}
