import { setTimeout as delay } from 'node:timers/promises';
import { clock, newEvent, type SystemConfig } from '@sallyport/core';
import type { ExpiredRange } from '@sallyport/store';
import { announceUnheld, systemsOnHold } from './content-expiry.ts';
import type { Control } from './control.ts';
import { log } from './log.ts';

const DAY_MS = 86_400_000;
/** From the event to the removal: those who verify the log know by then. */
const SETTLED_MS = 3_600_000;
/** Rows removed in one transaction, pages given back, and how long others have their turn after that, milliseconds. */
const SLICE_ROWS = 128;
const SLICE_PAGES = 64;
const PAUSE_MS = 20;

type Days = Pick<SystemConfig, 'contentDays' | 'callDays'>;

/** The day before which calls are over; null where they are kept. What was said in them goes first. */
function dayBefore(own: Days, general: Days): string | null {
  const calls = own.callDays ?? general.callDays;
  const content = own.contentDays ?? general.contentDays;
  if (calls === undefined || content === undefined) return null;
  return new Date(clock.nowMs() - Math.max(calls, content) * DAY_MS).toISOString().slice(0, 10);
}

/**
 * Calls of a system that are over. Those to an earlier system of its name go by the rule of all, not by what this one says.
 * @param since the day since when there is this one, empty where that is not known; null where there is none now
 */
function rangesOf(
  system: string | null,
  own: Days,
  since: string | null,
  { record }: Control['config'],
): ExpiredRange[] {
  const [mine, general] = [dayBefore(own, record), dayBefore({}, record)];
  const until = (before: string | null): ExpiredRange[] =>
    before === null ? [] : [{ system, from: null, before }];
  if (since === null) return until(general);
  if (mine === null) return [];
  // None of this one's is over yet.
  if (mine <= since) return general === null ? [] : until(general < mine ? general : mine);
  if (since === '' || (general !== null && general >= since)) return until(mine);
  return [...until(general), { system, from: since, before: mine }];
}

/** Names of systems that had calls, and null for calls that reached none, with what their settings say now. */
async function systemsWithCalls(
  control: Control,
): Promise<(readonly [name: string | null, own: Days, since: string | null])[]> {
  const known = new Map((await control.systems()).map((one) => [one.name, one]));
  const called = await control.installation.store.exchanges.calledSystems();
  return [...called, null].map((name) => {
    const one = name === null ? undefined : known.get(name);
    return [name, one?.config ?? {}, one ? (one.createdAt?.slice(0, 10) ?? '') : null] as const;
  });
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
  for (const [name, own, since] of await systemsWithCalls(control)) {
    if (name !== null && held.has(name)) continue;
    for (const range of rangesOf(name, own, since, control.config)) {
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

/** Removes rows of calls that the log says have expired, some at a time; what ends a round does no harm, and the next one goes on. */
export class CallSweep {
  readonly #control: Control;
  readonly #stopping = new AbortController();
  #running: Promise<number> | null = null;

  constructor(control: Control) {
    this.#control = control;
  }

  /** @param settledMs how long ago it was said that they expired, at least @returns rows that were removed */
  round(settledMs = SETTLED_MS): Promise<number> {
    this.#running ??= this.#round(clock.nowMs() - settledMs).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Ends a round that is under way; the next start goes on. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running?.catch(() => {});
  }

  async #round(untilMs: number): Promise<number> {
    const { installation } = this.#control;
    const { store } = installation;
    await installation.flush();
    const { ranges } = await installation.state.expired();
    if (ranges.length === 0) return 0;
    const onHold = await systemsOnHold(this.#control);
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
    while (!this.#stopping.signal.aborted) {
      const some = await slice();
      done += some;
      if (some < full) break;
      await delay(PAUSE_MS, undefined, { ref: false });
    }
    return done;
  }
}
