import { CodedError, clock, newEvent, type SallyportEvent } from '@sallyport/core';
import type { Connection } from '@sallyport/store';
import { tokenHash } from '../token.ts';
import type { AccessHome, HandedOn } from './home.ts';

/** How long after it was made a link to a provider may be used first, in milliseconds. */
const FIRST_USE_MS = 30 * 86_400_000;
/** What waits is kept until it is used: what is forgotten would count as used. */
const NEVER = '9999-12-31T00:00:00.000Z';

/** Known by the account: so the record says of each account whether a link of it waits, or was used. */
const hashOf = (personId: string): string => tokenHash(`provider-link ${personId}`);

const isVoid = (): CodedError =>
  new CodedError('not-permitted', 'the link of this account is void; an administrator may link it again');

/** Links of accounts to subjects of the identity provider that wait for their first sign-on. */
export class ProviderLinks {
  readonly #home: AccessHome;

  constructor(home: AccessHome) {
    this.#home = home;
  }

  /** Whether what is known of the link of an account is what the record says. */
  isWhole(personId: string): Promise<boolean> {
    return this.#home.store.tickets.follows(hashOf(personId));
  }

  /** Notes who made a link, in its transaction; one that was made before is void. @throws CodedError `not-permitted` */
  async made(tx: Connection, handed: HandedOn, externalId: string | null): Promise<void> {
    const { tickets } = this.#home.store;
    await tickets.endAll(tx, 'provider-link', handed.personId);
    if (externalId === null) return;
    const now = clock.nowMs();
    const until = Math.min(now + FIRST_USE_MS, await this.#home.handsOnUntilMs(handed, tx));
    if (until <= now)
      throw new CodedError('not-permitted', 'no role of yours that lasts lets others into this account');
    const { maker, personId, address } = handed;
    const ticket = { hash: hashOf(personId), kind: 'provider-link', personId } as const;
    const data = { maker, address, until };
    await tickets.put({ ...ticket, data, createdAt: clock.nowIso(), expiresAt: NEVER }, tx);
  }

  /**
   * Lets the first sign-on pass while the maker of the link still may make it.
   * @returns what is to be recorded of that use @throws CodedError `not-permitted`
   */
  async use(tx: Connection, personId: string, linked: string): Promise<SallyportEvent[]> {
    const { tickets } = this.#home.store;
    const at = clock.nowIso();
    const own = await tickets.ofPerson('provider-link', personId, tx);
    // Those of earlier versions have a hash of their own; that of this one is asked for also where its row is gone.
    const hashes = new Set([hashOf(personId), ...own.map(({ hash }) => hash)]);
    const events: SallyportEvent[] = [];
    for (const hash of hashes) {
      if (!(await tickets.follows(hash, tx))) throw isVoid();
      const ticket = await tickets.use(tx, 'provider-link', hash, at);
      if (ticket === null) continue;
      const { maker, address, until } = ticket.data;
      const handed =
        typeof maker === 'string' ? { maker, personId, added: false, address: String(address) } : null;
      const now = clock.nowMs();
      if (handed === null || Number(until) <= now || (await this.#home.handsOnUntilMs(handed, tx)) <= now)
        throw isVoid();
      const about = { actor: 'identity-provider', subject: `person:${personId}` };
      events.push(newEvent('provider-link-used', { ...about, data: { maker: handed.maker, linked } }));
    }
    return events;
  }
}
