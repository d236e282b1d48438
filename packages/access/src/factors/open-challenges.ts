import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { clock } from '@sallyport/core';

const SHAPE = /^([0-9a-z]{1,10})\.([\w-]{43})\.([\w-]{43})$/;

/**
 * Challenges for whoever asks: who signs in with a passkey alone is not known before. They prove themselves that they were
 * made here, so that asking for many of them fills nothing. The key is of this process: a restart voids them.
 */
export class OpenChallenges {
  readonly #key = randomBytes(32);

  #mac(text: string): Buffer {
    return createHmac('sha256', this.#key).update(`challenge ${text}`).digest();
  }

  /** @param challenge 32 bytes, base64url @returns the ticket for it */
  issue(challenge: string, lifeMs: number): string {
    const text = `${(clock.nowMs() + lifeMs).toString(36).replace(/\..*/s, '')}.${challenge}`;
    return `${text}.${this.#mac(text).toString('base64url')}`;
  }

  /** The challenge of a ticket; null for one that was not made here, or has expired. Whoever calls lets it work once. */
  read(ticket: string): string | null {
    const [, until, challenge, mac] = SHAPE.exec(ticket) ?? [];
    if (until === undefined || challenge === undefined || mac === undefined) return null;
    const wanted = this.#mac(`${until}.${challenge}`);
    const shown = Buffer.from(mac, 'base64url');
    // The text must be the one way to write it, or the same ticket would be another one each time.
    if (shown.toString('base64url') !== mac || shown.length !== wanted.length) return null;
    return timingSafeEqual(shown, wanted) && Number.parseInt(until, 36) > clock.nowMs() ? challenge : null;
  }
}
