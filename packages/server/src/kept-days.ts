import { clock, type SystemConfig } from '@sallyport/core';
import type { Control } from './control.ts';

const DAY_MS = 86_400_000;

/** For how many days content can be read and calls are listed; without end where they do not say. */
export type Days = Pick<SystemConfig, 'contentDays' | 'callDays'>;

/** The day before which what is kept for some days is over: `YYYY-MM-DD`, UTC. */
export const dayBefore = (days: number): string =>
  new Date(clock.nowMs() - days * DAY_MS).toISOString().slice(0, 10);

/** What the settings of a system say of its days. */
export interface KeptDays {
  /** Empty where there is no such system now: then the rule of all applies. */
  readonly own: Days;
  /** The day since when there is this one, empty where that is not known; null where there is none now. */
  readonly since: string | null;
}

/** Of systems that there are not now, and of calls that reached none. */
export const NO_SYSTEM: KeptDays = { own: {}, since: null };

/** How long what was said to systems is kept, by their names; those that were removed included. */
export async function keptDays(control: Control): Promise<(system: string) => KeptDays> {
  const known = new Map(
    (await control.systems()).map(({ name, config, createdAt }) => [
      name,
      { own: config, since: createdAt?.slice(0, 10) ?? '' },
    ]),
  );
  return (system) => known.get(system) ?? NO_SYSTEM;
}
