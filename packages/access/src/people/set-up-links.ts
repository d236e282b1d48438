import { CodedError, clock, newEvent, type SallyportEvent } from '@sallyport/core';
import { ADMINISTRATOR_ROLE } from '@sallyport/policy';
import type { Connection, PersonRow, TicketRow } from '@sallyport/store';
import { hashPassword, requireGoodPassword } from '../factors/password.ts';
import { newToken, tokenHash } from '../token.ts';
import { created, given, newGrant, newPerson } from './grants.ts';
import { type AccessHome, type From, type HandedOn, personName } from './home.ts';
import type { Begun, PersonSessions } from './sessions.ts';
import { LEVEL } from './strength.ts';

/** How long the link for the first administrator works, in milliseconds. */
const FIRST_LINK_MS = 30 * 60_000;
/** How long a link for somebody who was added works, in milliseconds. */
const LINK_MS = 24 * 3_600_000;
/** How long the session lives that the first link opens: time to add a passkey, in milliseconds. */
const FIRST_SESSION_MS = 3_600_000;

/** Links that work once: for the first administrator, and for people who choose a password. */
export class SetUpLinks {
  readonly #home: AccessHome;
  readonly #sessions: PersonSessions;

  constructor(home: AccessHome, sessions: PersonSessions) {
    this.#home = home;
    this.#sessions = sessions;
  }

  /** Makes the link for the first administrator, while there is nobody; earlier ones are void. */
  async first(): Promise<string | null> {
    if ((await this.#home.store.people.count()) > 0) return null;
    return this.#home.store.change(async (tx) => ({
      result: (await this.#put(tx, null, { maker: 'sallyport' }, clock.nowMs() + FIRST_LINK_MS)).token,
      event: newEvent('setup-link-created', { actor: 'sallyport', subject: 'organisation' }),
    }));
  }

  /**
   * Makes a link in a transaction, which lives no longer than its maker may make one; those before, for the same person,
   * are void. @throws CodedError `not-permitted`
   */
  async issue(tx: Connection, handed: HandedOn): Promise<{ token: string; expiresAt: string }> {
    const now = clock.nowMs();
    const until = Math.min(now + LINK_MS, await this.#home.handsOnUntilMs(handed, tx));
    if (until <= now)
      throw new CodedError('not-permitted', 'no role of yours that lasts lets others into this account');
    const { personId, ...data } = handed;
    return this.#put(tx, personId, data, until);
  }

  async #put(
    tx: Connection,
    personId: string | null,
    data: Readonly<Record<string, unknown>>,
    until: number,
  ): Promise<{ token: string; expiresAt: string }> {
    const { tickets } = this.#home.store;
    const token = newToken();
    const expiresAt = new Date(until).toISOString();
    await tickets.void(tx, 'set-up', personId);
    await tickets.put(
      {
        hash: tokenHash(token),
        kind: 'set-up',
        personId,
        data,
        createdAt: clock.nowIso(),
        expiresAt,
      },
      tx,
    );
    return { token, expiresAt };
  }

  /** Makes a link with which somebody chooses a password; their factors are void once it is used. */
  async make(actor: string, person: PersonRow, address = ''): Promise<{ token: string; expiresAt: string }> {
    if (person.origin !== 'local')
      throw new CodedError(
        'conflict',
        'this account signs in through its identity provider; it has no password',
      );
    return this.#home.store.change(async (tx) => {
      await this.#home.store.people.oneAtATime(tx);
      return {
        result: await this.issue(tx, { maker: actor, personId: person.id, added: false, address }),
        event: newEvent('setup-link-created', { actor, subject: `person:${person.id}` }),
      };
    });
  }

  /** Whether a link could be used now, and for whom: a name, or null for the first administrator. */
  async open(token: string): Promise<{ open: boolean; name: string | null }> {
    const { tickets, people } = this.#home.store;
    const ticket = await tickets.open('set-up', tokenHash(token), clock.nowIso());
    const person = ticket?.personId ? await people.byId(ticket.personId) : null;
    const open = ticket !== null && (await this.#isOpen(ticket));
    return { open, name: person?.name ?? null };
  }

  /** Whether the person is not shut out, and whoever made the link still may; the first link, whether there is nobody yet. */
  async #isOpen({ personId, data }: TicketRow, tx?: Connection): Promise<boolean> {
    if (personId === null) return (await this.#home.store.people.count(tx)) === 0;
    const { maker, added, address } = data;
    if (typeof maker !== 'string') return false;
    const person = await this.#home.store.people.byId(personId, tx);
    if (person?.disabledAt !== null) return false;
    const handed = { maker, personId, added: added === true, address: String(address) };
    return (await this.#home.handsOnUntilMs(handed, tx)) > clock.nowMs();
  }

  /**
   * Uses a link up: makes the first administrator, or gives somebody a password. It works for exactly one caller.
   * @param input the names of the first administrator: to sign in with, and as it is shown; others have theirs
   * @throws CodedError `request-invalid`, `setup-link-invalid`
   */
  async use(
    token: string,
    input: { name: string; displayName?: string | undefined; password: string },
    from: From,
  ): Promise<Begun> {
    const { store } = this.#home;
    const { open, name: known } = await this.open(token);
    if (!open) throw new CodedError('setup-link-invalid');
    const name = known ?? personName(input.name);
    requireGoodPassword(input.password, [name], this.#home.settings().breachList);
    const password = await hashPassword(input.password, this.#home.settings().hashCost);
    const shown = input.displayName === undefined ? {} : { displayName: input.displayName };
    return store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      const now = clock.nowIso();
      const ticket = await store.tickets.use(tx, 'set-up', tokenHash(token), now);
      if (!ticket) throw new CodedError('setup-link-invalid');
      if (!(await this.#isOpen(ticket, tx))) throw new CodedError('setup-link-invalid');
      if (ticket.personId === null)
        return this.#first(tx, newPerson(name, 'setup-link', { password, ...shown }), from);
      const id = ticket.personId;
      await store.people.update(tx, id, { password, passwordChangedAt: now });
      await store.factors.remove(tx, id, {});
      await store.tickets.endHandedOn(tx, { personId: id });
      await store.sessions.forgetDevices(tx, id);
      const subject = `person:${id}`;
      const ended = await this.#sessions.end(tx, subject, subject, { personId: id }, 'set-up link used');
      const person = (await store.people.byId(id, tx))!;
      const { begun, event } = await this.#sessions.begin(tx, person, from, {
        level: LEVEL.one,
        methods: ['set-up-link', 'password'],
      });
      // Who made it is said with its use: from then on it lets someone in.
      const said = { address: from.address, maker: ticket.data['maker'] };
      const used = newEvent('setup-link-used', { actor: subject, subject, data: said });
      return { result: begun, event: [used, ...(ended ? [ended] : []), event] };
    });
  }

  /** Whoever has the first link has this machine before them: their first session is taken for proven, for an hour. */
  async #first(
    tx: Connection,
    person: PersonRow,
    from: From,
  ): Promise<{ result: Begun; event: SallyportEvent[] }> {
    const { people } = this.#home.store;
    await people.insert(tx, person);
    const grant = newGrant(this.#home.roles(), `person:${person.id}`, 'setup-link', {
      role: ADMINISTRATOR_ROLE,
    });
    await people.grant(tx, grant);
    const { begun, event } = await this.#sessions.begin(tx, person, from, {
      level: LEVEL.resistant,
      methods: ['set-up-link', 'password'],
      lifeMs: FIRST_SESSION_MS,
    });
    return {
      result: begun,
      event: [created('setup-link', person), given('setup-link', grant), event],
    };
  }
}
