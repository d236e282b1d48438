import { CodedError, clock, newEvent, newId, type SallyportEvent } from '@sallyport/core';
import { ADMINISTRATOR_ROLE } from '@sallyport/policy';
import type { Connection, FactorKind, GrantRow, PersonRow } from '@sallyport/store';
import { hashPassword, requireGoodPassword } from '../factors/password.ts';
import { newToken, tokenHash } from '../token.ts';
import { type AccessHome, type From, LEVEL, personName } from './home.ts';
import type { Begun, PersonSessions } from './sessions.ts';
import { isUnused } from './unused.ts';

/** How long the link for the first administrator works, in milliseconds. */
export const FIRST_LINK_MS = 30 * 60_000;
/** How long a link for somebody who was added works, in milliseconds. */
export const LINK_MS = 24 * 3_600_000;
/** How long the session lives that the first link opens: time to add a passkey, in milliseconds. */
const FIRST_SESSION_MS = 3_600_000;
/** Longest a grant that ends by itself may last. */
const GRANT_MS_MAX = 366 * 86_400_000;

/** A role to give: on one system, or on all (`*`). */
export interface NewGrant {
  readonly role: string;
  readonly system?: string | undefined;
  /** When it ends by itself, ISO 8601; never when absent. */
  readonly expiresAt?: string | undefined;
}

/** Somebody as administrators see them: no secrets. */
export interface PersonView extends Omit<PersonRow, 'password'> {
  readonly hasPassword: boolean;
  readonly grants: readonly GrantRow[];
  readonly factors: readonly FactorKind[];
}

/** The people with accounts, and what they may do. */
export class Directory {
  readonly #home: AccessHome;
  readonly #sessions: PersonSessions;

  constructor(home: AccessHome, sessions: PersonSessions) {
    this.#home = home;
    this.#sessions = sessions;
  }

  /** Whether there is anybody. */
  async any(): Promise<boolean> {
    return (await this.#home.store.people.count()) > 0;
  }

  async list(): Promise<PersonView[]> {
    const { people, factors } = this.#home.store;
    const kinds = await factors.kinds();
    const grants = await people.grants(clock.nowIso());
    return (await people.list()).map(({ password, ...person }) => ({
      ...person,
      hasPassword: password !== null,
      grants: grants.filter(({ holder }) => holder === `person:${person.id}`),
      factors: [...(kinds.get(person.id) ?? [])],
    }));
  }

  /** Somebody by id or name. @throws CodedError `not-found` */
  async find(idOrName: string): Promise<PersonRow> {
    const { people } = this.#home.store;
    const person = (await people.byId(idOrName)) ?? (await people.byName(idOrName.toLowerCase()));
    if (!person) throw new CodedError('not-found', `there is nobody \`${idOrName.slice(0, 64)}\``);
    return person;
  }

  /** Makes the link for the first administrator, while there is nobody; earlier ones are void. */
  async firstLink(): Promise<string | null> {
    if (await this.any()) return null;
    return this.#home.store.change(async (tx) => ({
      result: await this.#link(tx, null, FIRST_LINK_MS),
      event: newEvent('setup-link-created', { actor: 'sallyport', subject: 'organisation' }),
    }));
  }

  async #link(tx: Connection, personId: string | null, lifeMs: number): Promise<string> {
    const { tickets } = this.#home.store;
    const token = newToken();
    const now = clock.nowMs();
    await tickets.void(tx, 'set-up', personId);
    await tickets.put(
      {
        hash: tokenHash(token),
        kind: 'set-up',
        personId,
        data: {},
        createdAt: new Date(now).toISOString(),
        expiresAt: new Date(now + lifeMs).toISOString(),
      },
      tx,
    );
    return token;
  }

  /** Makes a link with which somebody chooses a password; their factors are void once it is used. */
  async link(actor: string, idOrName: string): Promise<{ token: string; expiresAt: string }> {
    const person = await this.find(idOrName);
    if (person.origin !== 'local')
      throw new CodedError(
        'conflict',
        'this account signs in through its identity provider; it has no password',
      );
    const token = await this.#home.store.change(async (tx) => ({
      result: await this.#link(tx, person.id, LINK_MS),
      event: newEvent('setup-link-created', { actor, subject: `person:${person.id}` }),
    }));
    return { token, expiresAt: new Date(clock.nowMs() + LINK_MS).toISOString() };
  }

  /** Whether a link could be used now, and for whom: a name, or null for the first administrator. */
  async linkOpen(token: string): Promise<{ open: boolean; name: string | null }> {
    const { tickets, people } = this.#home.store;
    const ticket = await tickets.open('set-up', tokenHash(token), clock.nowIso());
    const person = ticket?.personId ? await people.byId(ticket.personId) : null;
    return {
      open: ticket !== null && (ticket.personId === null || person?.disabledAt === null),
      name: person?.name ?? null,
    };
  }

  /**
   * Uses a link up: makes the first administrator, or gives somebody a password. It works for exactly one caller.
   * @throws CodedError `request-invalid`, `setup-link-invalid`
   */
  async useLink(token: string, input: { name: string; password: string }, from: From): Promise<Begun> {
    const { store } = this.#home;
    const { open, name: known } = await this.linkOpen(token);
    const name = known ?? personName(input.name);
    if (!open) throw new CodedError('setup-link-invalid');
    requireGoodPassword(input.password, [name], this.#home.settings().breachList);
    const password = await hashPassword(input.password, this.#home.settings().hashCost);
    return store.change(async (tx) => {
      const now = clock.nowIso();
      const ticket = await store.tickets.use(tx, 'set-up', tokenHash(token), now);
      if (!ticket) throw new CodedError('setup-link-invalid');
      if (ticket.personId === null) return this.#first(tx, name, password, from);
      const id = ticket.personId;
      await store.people.update(tx, id, { password, passwordChangedAt: now });
      await store.factors.remove(tx, id, {});
      await store.sessions.forgetDevices(tx, id);
      const subject = `person:${id}`;
      const ended = await this.#sessions.end(tx, subject, subject, { personId: id }, 'set-up link used');
      const person = (await store.people.byId(id, tx))!;
      const { begun, event } = await this.#sessions.begin(tx, person, from, {
        level: LEVEL.one,
        methods: ['set-up-link', 'password'],
      });
      const used = newEvent('setup-link-used', { actor: subject, subject, data: { address: from.address } });
      return { result: begun, event: [used, ...(ended ? [ended] : []), event] };
    });
  }

  /** Whoever has the first link has this machine before them: their first session is taken for proven, for an hour. */
  async #first(
    tx: Connection,
    name: string,
    password: string,
    from: From,
  ): Promise<{ result: Begun; event: SallyportEvent[] }> {
    const person = this.#newPerson(name, 'setup-link', { password });
    const { people } = this.#home.store;
    await people.insert(tx, person);
    const grant = this.#newGrant(person.id, 'setup-link', { role: ADMINISTRATOR_ROLE });
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

  #newPerson(name: string, createdBy: string, more: Partial<PersonRow>): PersonRow {
    const now = clock.nowIso();
    return {
      id: newId('per'),
      name,
      displayName: name,
      email: null,
      password: null,
      passwordChangedAt: more.password ? now : null,
      origin: 'local',
      externalId: null,
      createdAt: now,
      createdBy,
      disabledAt: null,
      ...more,
    };
  }

  #newGrant(
    personId: string,
    createdBy: string,
    grant: NewGrant,
    origin: GrantRow['origin'] = 'local',
  ): GrantRow {
    if (!this.#home.roles().has(grant.role))
      throw new CodedError('request-invalid', `no policy speaks of a role \`${grant.role.slice(0, 64)}\``);
    const now = clock.nowMs();
    const ends = grant.expiresAt === undefined ? null : Date.parse(grant.expiresAt);
    if (ends !== null && !(ends > now && ends < now + GRANT_MS_MAX))
      throw new CodedError('request-invalid', 'a grant ends in the future, within a year');
    return {
      id: newId('grt', now),
      holder: `person:${personId}`,
      role: grant.role,
      system: grant.system ?? '*',
      origin,
      createdAt: new Date(now).toISOString(),
      createdBy,
      expiresAt: ends === null ? null : new Date(ends).toISOString(),
      lastUsedAt: null,
    };
  }

  /** Adds somebody. @returns the link with which they choose a password; null when a provider signs them in */
  async add(
    actor: string,
    input: {
      name: string;
      displayName?: string | undefined;
      email?: string | undefined;
      grants: readonly NewGrant[];
      origin?: PersonRow['origin'];
      externalId?: string;
    },
  ): Promise<{ person: PersonRow; token: string | null }> {
    const { store } = this.#home;
    const name = personName(input.name);
    const origin = input.origin ?? 'local';
    const person = this.#newPerson(name, actor, {
      displayName: input.displayName ?? name,
      email: input.email ?? null,
      origin,
      externalId: input.externalId ?? null,
    });
    const grants = input.grants.map((grant) => this.#newGrant(person.id, actor, grant, origin));
    const token = await store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      if (await store.people.byName(name, tx))
        throw new CodedError('conflict', `somebody is called \`${name}\` already`);
      await store.people.insert(tx, person);
      for (const grant of grants) await store.people.grant(tx, grant);
      const events = [created(actor, person), ...grants.map((grant) => given(actor, grant))];
      if (origin !== 'local') return { result: null, event: events };
      const link = newEvent('setup-link-created', { actor, subject: `person:${person.id}` });
      return { result: await this.#link(tx, person.id, LINK_MS), event: [...events, link] };
    });
    return { person, token };
  }

  /**
   * Somebody whom an identity provider vouches for, with the roles that their groups have now. Whoever has no account
   * gets one, when some group of theirs has a role.
   * @throws CodedError `not-permitted`, `conflict` when the name is that of an account which people keep here
   */
  async fromProvider(said: {
    externalId: string;
    name: string;
    displayName?: string | undefined;
    email?: string | undefined;
    grants: readonly NewGrant[];
  }): Promise<PersonRow> {
    const { people } = this.#home.store;
    const name = personName(said.name);
    return this.#home.store.change(async (tx) => {
      await people.oneAtATime(tx);
      const events: SallyportEvent[] = [];
      let person = (await people.byExternalId(said.externalId, tx)) ?? (await people.byName(name, tx));
      if (person && person.externalId !== said.externalId) {
        // An account that a provider made, and that its owner uses for the first time.
        if (person.origin !== 'scim' || person.externalId !== null)
          throw new CodedError('conflict', `\`${name}\` is the name of another account`);
        await people.update(tx, person.id, { externalId: said.externalId });
      }
      if (person !== null && person.disabledAt !== null)
        throw new CodedError('not-permitted', 'this account is shut out');
      if (person === null) {
        if (said.grants.length === 0)
          throw new CodedError('not-permitted', 'no group of yours has a role here');
        person = this.#newPerson(name, 'identity-provider', {
          displayName: said.displayName ?? name,
          email: said.email ?? null,
          origin: 'oidc',
          externalId: said.externalId,
        });
        await people.insert(tx, person);
        events.push(created('identity-provider', person));
      }
      events.push(...(await this.setGrants(tx, 'identity-provider', person.id, said.grants, 'oidc')));
      if ((await people.grants(clock.nowIso(), `person:${person.id}`, tx)).length === 0)
        throw new CodedError('not-permitted', 'no group of yours has a role here');
      return { result: person, event: events };
    });
  }

  /** Makes the roles of one origin what they should be; sessions end when that changes any. @returns events */
  async setGrants(
    tx: Connection,
    actor: string,
    personId: string,
    wanted: readonly NewGrant[],
    origin: GrantRow['origin'],
  ): Promise<SallyportEvent[]> {
    const { people } = this.#home.store;
    const holder = `person:${personId}`;
    const same = (one: NewGrant, { role, system }: GrantRow): boolean =>
      one.role === role && (one.system ?? '*') === system;
    const held = (await people.grants(clock.nowIso(), holder, tx)).filter((grant) => grant.origin === origin);
    const events: SallyportEvent[] = [];
    for (const grant of held.filter((one) => !wanted.some((want) => same(want, one)))) {
      await people.ungrant(tx, grant.id);
      const data = { grant: grant.id, role: grant.role, system: grant.system, why: 'groups changed' };
      events.push(newEvent('grant-removed', { actor, subject: holder, data }));
    }
    for (const want of wanted.filter((one) => !held.some((grant) => same(one, grant)))) {
      const grant = this.#newGrant(personId, actor, want, origin);
      await people.grant(tx, grant);
      events.push(given(actor, grant));
    }
    const ended =
      events.length > 0 ? await this.#sessions.end(tx, actor, holder, { personId }, 'roles changed') : null;
    return ended ? [...events, ended] : events;
  }

  /** Gives a role. Sessions of the person end: they begin anew with what they may do now. @throws CodedError */
  async grant(
    actor: string,
    idOrName: string,
    input: NewGrant,
    origin: GrantRow['origin'] = 'local',
  ): Promise<GrantRow> {
    const { store } = this.#home;
    const person = await this.find(idOrName);
    const grant = this.#newGrant(person.id, actor, input, origin);
    return store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      const held = await store.people.grants(clock.nowIso(), grant.holder, tx);
      if (held.some(({ role, system }) => role === grant.role && system === grant.system))
        throw new CodedError('conflict', `\`${person.name}\` has this role already`);
      await store.people.grant(tx, grant);
      const ended = await this.#sessions.end(
        tx,
        actor,
        grant.holder,
        { personId: person.id },
        'roles changed',
      );
      return { result: grant, event: [given(actor, grant), ...(ended ? [ended] : [])] };
    });
  }

  /** Takes a role away; at once, and sessions of the person end. @throws CodedError `not-found`, `conflict` */
  async ungrant(actor: string, idOrName: string, grantId: string, why = 'taken away'): Promise<void> {
    const { store } = this.#home;
    const person = await this.find(idOrName);
    await store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      const held = await store.people.grants(clock.nowIso(), `person:${person.id}`, tx);
      const grant = held.find(({ id }) => id === grantId);
      if (!grant) throw new CodedError('not-found', `\`${person.name}\` has no such grant`);
      await store.people.ungrant(tx, grantId);
      if (grant.role === ADMINISTRATOR_ROLE) await this.#requireAdministrator(tx);
      const ended = await this.#sessions.end(
        tx,
        actor,
        grant.holder,
        { personId: person.id },
        'roles changed',
      );
      const { role, system } = grant;
      const data = { grant: grantId, role, system, why };
      return {
        result: undefined,
        event: [newEvent('grant-removed', { actor, subject: grant.holder, data }), ...(ended ? [ended] : [])],
      };
    });
  }

  /** Takes away roles that nobody used for some days; the last administrator stays. @returns how many */
  async takeAwayUnused(days: number): Promise<number> {
    const grants = await this.#home.store.people.grants(clock.nowIso());
    let taken = 0;
    for (const grant of grants.filter((one) => isUnused(one, days))) {
      const person = grant.holder.replace(/^person:/, '');
      const why = `not used for ${days} days`;
      taken += await this.ungrant('sallyport', person, grant.id, why).then(
        () => 1,
        (fault: unknown) => {
          if (fault instanceof CodedError && fault.code === 'conflict') return 0;
          throw fault;
        },
      );
    }
    return taken;
  }

  /** Somebody must be left who can give roles. */
  async #requireAdministrator(tx: Connection): Promise<void> {
    const { people } = this.#home.store;
    for (const { role, system, holder } of await people.grants(clock.nowIso(), undefined, tx)) {
      if (role !== ADMINISTRATOR_ROLE || system !== '*') continue;
      const person = await people.byId(holder.replace(/^person:/, ''), tx);
      if (person?.disabledAt === null) return;
    }
    throw new CodedError('conflict', 'nobody would be left to administer; make another administrator first');
  }

  /** Shuts somebody out, at once; or lets them in again. @throws CodedError `not-found`, `conflict` */
  async setDisabled(actor: string, idOrName: string, disabled: boolean, why = ''): Promise<void> {
    const { store } = this.#home;
    const person = await this.find(idOrName);
    if ((person.disabledAt !== null) === disabled) return;
    await store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      await store.people.update(tx, person.id, { disabledAt: disabled ? clock.nowIso() : null });
      const held = await store.people.grants(clock.nowIso(), `person:${person.id}`, tx);
      if (disabled && held.some(({ role }) => role === ADMINISTRATOR_ROLE))
        await this.#requireAdministrator(tx);
      const subject = `person:${person.id}`;
      const data = { name: person.name, why };
      const event = newEvent(disabled ? 'person-disabled' : 'person-enabled', { actor, subject, data });
      const ended = disabled
        ? await this.#sessions.end(tx, actor, subject, { personId: person.id }, 'disabled')
        : null;
      return { result: undefined, event: [event, ...(ended ? [ended] : [])] };
    });
  }
}

const created = (actor: string, { id, name, origin }: PersonRow): SallyportEvent =>
  newEvent('person-created', { actor, subject: `person:${id}`, data: { name, origin } });

const given = (actor: string, { id, holder, role, system, expiresAt, origin }: GrantRow): SallyportEvent =>
  newEvent('grant-given', { actor, subject: holder, data: { grant: id, role, system, expiresAt, origin } });
