import { CodedError, clock, newEvent, PERSON_NAME_MAX } from '@sallyport/core';
import type { Connection, FactorKind, PersonRow } from '@sallyport/store';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { addressBlock } from '../address.ts';
import type { RelyingParty } from '../factors/passkeys.ts';
import { hashPassword, requireGoodPassword, verifyPassword, warmPasswords } from '../factors/password.ts';
import { newToken, tokenHash } from '../token.ts';
import type { PersonFactors, Proof } from './factors.ts';
import type { AccessHome, From } from './home.ts';
import type { Begun, PersonSessions, Who } from './sessions.ts';
import { LEVEL, levelToProve } from './strength.ts';
import { Throttle } from './throttle.ts';

/** How long the second factor may take after the first, in milliseconds. */
const PENDING_MS = 5 * 60_000;

/** The password was right: a session, or what is asked for besides. */
export type FirstFactor =
  | { readonly begun: Begun }
  | { readonly pending: string; readonly methods: readonly FactorKind[] };

/** Signing in, and proving oneself again. */
export class SignIn {
  readonly #home: AccessHome;
  readonly #sessions: PersonSessions;
  readonly #factors: PersonFactors;
  readonly #throttle: Throttle;

  constructor(home: AccessHome, sessions: PersonSessions, factors: PersonFactors) {
    this.#home = home;
    this.#sessions = sessions;
    this.#factors = factors;
    this.#throttle = new Throttle(home.store.tickets);
  }

  /** Makes ready what the first sign-in needs. */
  async warm(): Promise<void> {
    await warmPasswords(this.#home.settings().hashCost);
  }

  /**
   * Proves a password. What is answered, and after how long, is the same whether there is such a person or not.
   * @throws CodedError `not-signed-in`, `rate-limited`, `overloaded`
   */
  async password(name: string, password: string, from: From): Promise<FirstFactor> {
    const { store } = this.#home;
    const account = name.trim().toLowerCase().slice(0, PERSON_NAME_MAX);
    const person = await store.people.byName(account);
    // The device is looked up for nobody, too.
    const device = await this.#sessions.knownDevice(person?.id ?? '', from.device);
    const takeBack = await this.#throttle.attempt(
      {
        kind: 'password',
        person: person?.id ?? null,
        name: account,
        address: from.address,
        knownDevice: device?.id ?? null,
      },
      clock.nowMs(),
    );
    const usable = person !== null && person.disabledAt === null ? person.password : null;
    if (!(await verifyPassword(password, usable, this.#home.settings().hashCost)) || person === null) {
      await this.#failed(person, 'password', from);
      throw new CodedError('not-signed-in', 'name or password is wrong');
    }
    await takeBack();
    const methods = await this.#factors.kinds(person.id);
    if (methods.length > 0) return { pending: await this.#pend(person, from), methods };
    const proven = { level: LEVEL.one, methods: ['password'] };
    return {
      begun: await store.change(async (tx) => {
        await this.#sessions.requireSame(tx, person);
        if ((await this.#factors.kinds(person.id, tx)).length > 0)
          throw new CodedError('not-signed-in', 'the account got a second factor meanwhile; begin again');
        const { begun, event } = await this.#sessions.begin(tx, person, from, proven);
        return { result: begun, event };
      }),
    };
  }

  async #pend(person: PersonRow, { address }: From): Promise<string> {
    const pending = newToken();
    const now = clock.nowMs();
    await this.#home.store.tickets.put({
      hash: tokenHash(pending),
      kind: 'second-factor',
      personId: person.id,
      // Others who know the password make this one void by no number of theirs.
      data: { password: passwordMark(person), network: addressBlock(address) },
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + PENDING_MS).toISOString(),
    });
    return pending;
  }

  /** Whom a password was right for and who owes a second factor. @throws CodedError `not-signed-in` */
  async pendingPerson(pending: string): Promise<PersonRow> {
    const { store } = this.#home;
    const ticket = await store.tickets.open('second-factor', tokenHash(pending), clock.nowIso());
    const person = ticket?.personId ? await store.people.byId(ticket.personId) : null;
    if (!person || person.disabledAt !== null || ticket?.data['password'] !== passwordMark(person))
      throw new CodedError('not-signed-in', 'that took too long, or was used already; begin again');
    return person;
  }

  /** Proves the second factor. @throws CodedError `factor-invalid`, `not-signed-in`, `rate-limited` */
  async secondFactor(pending: string, proof: Proof, from: From, site: RelyingParty): Promise<Begun> {
    const { store } = this.#home;
    const person = await this.pendingPerson(pending);
    return this.attempt(person, from, () =>
      store.change(async (tx) => {
        await this.#sessions.requireSame(tx, person);
        const held = await this.#factors.prove(tx, person, proof, site);
        if (!(await store.tickets.use(tx, 'second-factor', tokenHash(pending), clock.nowIso())))
          throw new CodedError('not-signed-in', 'that took too long, or was used already; begin again');
        const { begun, event } = await this.#sessions.begin(tx, person, from, {
          level: held.level,
          methods: ['password', held.method],
        });
        return { result: begun, event: held.event ? [held.event, event] : [event] };
      }),
    );
  }

  /** Signs in with a passkey alone: it is two factors in one, and resists phishing. @throws CodedError `factor-invalid` */
  async passkey(
    ticket: string,
    passkey: AuthenticationResponseJSON,
    from: From,
    site: RelyingParty,
  ): Promise<Begun> {
    const { store } = this.#home;
    const person = await store.people.byId(await this.#factors.owner(passkey));
    if (!person || person.disabledAt !== null)
      throw new CodedError('factor-invalid', 'this passkey is not known here');
    return this.attempt(person, from, () =>
      store.change(async (tx) => {
        await this.#sessions.requireSame(tx, person);
        const held = await this.#factors.prove(tx, person, { ticket, passkey }, site);
        // Who left there, or lost a group, is not told of here: such an account begins where the provider says that they are there.
        if (person.origin === 'oidc')
          throw new CodedError(
            'not-permitted',
            'this account signs in through its identity provider; its passkey proves you again after that',
          );
        const proven = { level: held.level, methods: [held.method] };
        const { begun, event } = await this.#sessions.begin(tx, person, from, proven);
        return { result: begun, event };
      }),
    );
  }

  /**
   * Proves again who is signed in, before something dangerous. The session gets another token.
   * @throws CodedError `factor-invalid`, `rate-limited`
   */
  async proveAgain(
    who: Who,
    proof: Proof | { readonly password: string },
    from: From,
    site: RelyingParty,
  ): Promise<Begun> {
    const { store } = this.#home;
    const { person } = who;
    if ('password' in proof) {
      const requireEnough = async (tx?: Connection): Promise<void> => {
        const session = await this.#sessions.current(tx, who);
        const kinds = await this.#factors.kinds(person.id, tx);
        // Enough for whoever has nothing else, and for nobody else.
        if (kinds.length > 0)
          throw new CodedError('factor-invalid', 'a password alone is not enough; use your second factor');
        if (LEVEL.one < levelToProve(session, kinds))
          throw new CodedError(
            'factor-invalid',
            'a password alone is not enough: this session was proven with something stronger; sign in with that again',
          );
      };
      await requireEnough();
      return this.attempt(person, from, async () => {
        if (!(await verifyPassword(proof.password, person.password, this.#home.settings().hashCost)))
          throw new CodedError('factor-invalid', 'the password is wrong');
        return store.change(async (tx) => {
          await this.#sessions.requireSame(tx, person);
          await requireEnough(tx);
          const { begun, event } = await this.#sessions.renew(tx, who, LEVEL.one, 'password', true);
          return { result: begun, event };
        });
      });
    }
    return this.attempt(person, from, () =>
      store.change(async (tx) => {
        const session = await this.#sessions.current(tx, who);
        const needed = levelToProve(session, await this.#factors.kinds(person.id, tx));
        const held = await this.#factors.prove(tx, person, proof, site);
        if (held.level < needed)
          throw new CodedError(
            'factor-invalid',
            'this session was proven with something stronger; prove it with that again',
          );
        const { begun, event } = await this.#sessions.renew(tx, who, held.level, held.method, true);
        return { result: begun, event: held.event ? [held.event, event] : [event] };
      }),
    );
  }

  /**
   * Changes one's own password. Every other session ends.
   * @throws CodedError `factor-invalid`, `request-invalid`, `rate-limited`
   */
  async changePassword(who: Who, current: string, next: string, from: From): Promise<void> {
    const { store } = this.#home;
    const { person } = who;
    const { hashCost, breachList } = this.#home.settings();
    if (person.password === null)
      throw new CodedError(
        'conflict',
        'this account signs in through its identity provider; it has no password',
      );
    await this.#factors.requireStrongest(undefined, who);
    requireGoodPassword(next, [person.name], breachList);
    const password = await this.attempt(person, from, async () => {
      if (!(await verifyPassword(current, person.password, hashCost)))
        throw new CodedError('factor-invalid', 'the password is wrong');
      return hashPassword(next, hashCost);
    });
    const subject = `person:${person.id}`;
    await store.change(async (tx) => {
      await this.#factors.requireStrongest(tx, who);
      await this.#sessions.requireSame(tx, person);
      await store.people.update(tx, person.id, { password, passwordChangedAt: clock.nowIso() });
      const others = { personId: person.id, butHash: who.session.hash };
      const ended = await this.#sessions.end(tx, subject, subject, others, 'password changed');
      return {
        result: undefined,
        event: [newEvent('password-changed', { actor: subject, subject }), ...(ended ? [ended] : [])],
      };
    });
  }

  /** Tries a factor of somebody, counted: who fails too often waits. @throws CodedError `rate-limited` */
  async attempt<T>(person: PersonRow, from: From, work: () => Promise<T>): Promise<T> {
    const device = await this.#sessions.knownDevice(person.id, from.device);
    const takeBack = await this.#throttle.attempt(
      {
        kind: 'second-factor',
        person: person.id,
        name: person.name,
        address: from.address,
        knownDevice: device?.id ?? null,
      },
      clock.nowMs(),
    );
    try {
      const done = await work();
      await takeBack();
      return done;
    } catch (fault) {
      if (fault instanceof CodedError && fault.code === 'factor-invalid')
        await this.#failed(person, 'second-factor', from);
      throw fault;
    }
  }

  async #failed(person: PersonRow | null, what: string, from: From): Promise<void> {
    await this.#home.store.announce(
      newEvent('sign-in-failed', {
        actor: 'anonymous',
        subject: person ? `person:${person.id}` : 'organisation',
        data: { what, address: from.address },
      }),
    );
  }

  /** Forgets sessions and counts that are over. */
  async purge(): Promise<void> {
    await this.#throttle.purge(clock.nowMs());
    await this.#home.store.sessions.purge(clock.nowIso());
  }
}

/** Which password of somebody was right: with another one, what it opened is over. */
const passwordMark = ({ password }: PersonRow): string => tokenHash(password ?? '');
