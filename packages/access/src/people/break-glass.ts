import { CodedError, clock, newEvent } from '@sallyport/core';
import { ADMINISTRATOR_ROLE } from '@sallyport/policy';
import type { GrantRow } from '@sallyport/store';
import type { Reviews } from '../reviews/reviews.ts';
import { giveGrant, newGrant } from './grants.ts';
import type { AccessHome } from './home.ts';
import type { Who } from './sessions.ts';

/** Longest that emergency access lasts, in minutes. */
export const BREAK_GLASS_MINUTES_MAX = 60;
const REASON_CHARACTERS_MIN = 10;
/** Days within which somebody else judges it. */
const JUDGED_DAYS = 3;

/** Emergency access: somebody prepared for it becomes administrator for minutes, aloud, and somebody else judges it. */
export class BreakGlass {
  readonly #home: AccessHome;
  readonly #reviews: Reviews;

  constructor(home: AccessHome, reviews: Reviews) {
    this.#home = home;
    this.#reviews = reviews;
  }

  /**
   * Gives it; the session goes on.
   * @param untilMs when the right to take it ends, in milliseconds @throws CodedError `request-invalid`, `conflict`
   */
  async use(who: Who, reason: string, minutes: number, untilMs: number): Promise<GrantRow> {
    const { store } = this.#home;
    if (reason.trim().length < REASON_CHARACTERS_MIN)
      throw new CodedError('request-invalid', 'say in a sentence what the emergency is');
    const holder = `person:${who.person.id}`;
    const expiresAt = new Date(Math.min(clock.nowMs() + minutes * 60_000, untilMs)).toISOString();
    const given = { role: ADMINISTRATOR_ROLE, expiresAt };
    const grant = newGrant(this.#home.roles(), holder, holder, given, 'break-glass');
    return store.change(async (tx) => {
      const event = await giveGrant(store, tx, holder, who.person.name, grant);
      const used = newEvent('break-glass-used', {
        actor: holder,
        subject: holder,
        data: {
          name: who.person.name,
          reason: reason.trim(),
          minutes,
          expiresAt,
          address: who.session.address,
        },
      });
      const opened = await this.#reviews.openBreakGlass(tx, used, JUDGED_DAYS);
      return { result: grant, event: [used, event, opened.event] };
    });
  }
}
