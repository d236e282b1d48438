import { newEvent } from '@sallyport/core';
import type { ExpiredRange } from '@sallyport/store';
import { announceUnheld, systemsOnHold } from './content-expiry.ts';
import type { Control } from './control.ts';
import { type Days, dayBefore, type KeptDays, keptDays, NO_SYSTEM } from './kept-days.ts';
import { log } from './log.ts';
import { Sweep } from './sweep.ts';

/** Rows removed in one transaction, and pages given back at once. */
const SLICE_ROWS = 128;
const SLICE_PAGES = 64;

/** The day before which calls are over; null where they are kept. What was said in them goes first. */
function callsBefore(own: Days, general: Days): string | null {
  const calls = own.callDays ?? general.callDays;
  const content = own.contentDays ?? general.contentDays;
  if (calls === undefined || content === undefined) return null;
  return dayBefore(Math.max(calls, content));
}

/** Calls of a system that are over. Those to an earlier system of its name go by the rule of all, not by what this one says. */
function rangesOf(
  system: string | null,
  { own, since }: KeptDays,
  { record }: Control['config'],
): ExpiredRange[] {
  const [mine, general] = [callsBefore(own, record), callsBefore({}, record)];
  const until = (before: string | null): ExpiredRange[] =>
    before === null ? [] : [{ system, from: null, before }];
  if (since === null) return until(general);
  if (mine === null) return [];
  // None of this one's is over yet.
  if (mine <= since) return general === null ? [] : until(general < mine ? general : mine);
  if (since === '' || (general !== null && general >= since)) return until(mine);
  return [...until(general), { system, from: since, before: mine }];
}

/**
 * Says in the log, system by system, which calls are over: their rows go an hour later. Those on hold stay. Entries and their
 * commitments stay always.
 */
export async function expireCalls(control: Control): Promise<void> {
  const { installation } = control;
  await installation.flush();
  const held = await systemsOnHold(control);
  const expired = await installation.state.expired();
  const daysOf = await keptDays(control);
  // And calls that reached none.
  for (const name of [...(await installation.store.exchanges.calledSystems()), null]) {
    if (name !== null && held.has(name)) continue;
    const days = name === null ? NO_SYSTEM : daysOf(name);
    for (const range of rangesOf(name, days, control.config)) {
      const told = expired.toldUntil(range);
      if (told !== null && told >= range.before) continue;
      const expiring = await installation.store.exchanges.expiring(range, told);
      if (expiring.calls === 0) continue;
      const { from, before } = range;
      const event = newEvent('calls-expired', {
        actor: 'sallyport',
        subject: name === null ? 'organisation' : `system:${name}`,
        data: { ...(from === null ? {} : { from }), before, ...expiring },
      });
      if (name === null) await installation.announce(event);
      else if (!(await announceUnheld(control, name, event))) break;
    }
  }
}

/** Removes rows of calls that the log says have expired. */
export class CallSweep extends Sweep {
  /** @returns rows that were removed */
  protected override async sweep(untilMs: number): Promise<number> {
    const { installation } = this.control;
    const { store } = installation;
    await installation.flush();
    const { ranges } = await installation.state.expired();
    if (ranges.length === 0) return 0;
    const onHold = await systemsOnHold(this.control);
    let removed = 0;
    for (const range of ranges) {
      if (Date.parse(range.at) > untilMs || onHold.has(range.system ?? '')) continue;
      removed += await this.#inSlices(SLICE_ROWS, () =>
        store.exchanges.removeExpired(range, range.index, SLICE_ROWS),
      );
    }
    await this.#inSlices(SLICE_PAGES, () => store.giveBack(SLICE_PAGES));
    if (removed > 0) log('info', 'rows of calls that expired were removed', { rows: removed });
    return removed;
  }

  /** Does something slice by slice, with pauses, until a slice is not full. @returns how much was done */
  async #inSlices(full: number, slice: () => Promise<number>): Promise<number> {
    let done = 0;
    while (!this.isStopping) {
      const some = await slice();
      done += some;
      if (some < full) break;
      await this.pause();
    }
    return done;
  }
}
