import { CodedError, clock, newEvent, type SallyportEvent } from '@sallyport/core';
import { ADMINISTRATOR_ROLE } from '@sallyport/policy';
import type { Connection, FactorKind, GrantRow, PersonRow } from '@sallyport/store';
import { created, giveGrant, given, type NewGrant, newGrant, newPerson, taken } from './grants.ts';
import { type AccessHome, personName, providedName } from './home.ts';
import { isRemoved, provisionedAs, requireAdministrator } from './left-and-kept.ts';
import { ProviderLinks } from './provider-links.ts';
import type { PersonSessions } from './sessions.ts';
import type { SetUpLinks } from './set-up-links.ts';
import { isUnused } from './unused.ts';

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
  readonly #links: SetUpLinks;
  readonly #providerLinks: ProviderLinks;

  constructor(home: AccessHome, sessions: PersonSessions, links: SetUpLinks) {
    this.#home = home;
    this.#sessions = sessions;
    this.#links = links;
    this.#providerLinks = new ProviderLinks(home);
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
      /** Where it is added from. */
      address?: string;
    },
  ): Promise<{ person: PersonRow; token: string | null }> {
    const { store } = this.#home;
    const name = personName(input.name);
    const origin = input.origin ?? 'local';
    const person = newPerson(name, actor, {
      displayName: input.displayName ?? name,
      email: input.email ?? null,
      origin,
      externalId: input.externalId ?? null,
    });
    const grants = input.grants.map((grant) =>
      newGrant(this.#home.roles(), `person:${person.id}`, actor, grant, origin),
    );
    const token = await store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      if (await store.people.byName(name, tx))
        throw new CodedError('conflict', `somebody is called \`${name}\` already`);
      await store.people.insert(tx, person);
      for (const grant of grants) await store.people.grant(tx, grant);
      const events = [created(actor, person), ...grants.map((grant) => given(actor, grant))];
      if (origin !== 'local') return { result: null, event: events };
      const link = newEvent('setup-link-created', { actor, subject: `person:${person.id}` });
      const { token } = await this.#links.issue(tx, {
        maker: actor,
        personId: person.id,
        added: true,
        address: input.address ?? '',
      });
      return { result: token, event: [...events, link] };
    });
    return { person, token };
  }

  /**
   * Somebody whom an identity provider vouches for, with the roles that their groups have now. They are known by the
   * provider's subject alone, never by a name or an address: those are wishes. Whoever has no account gets one, when some
   * group of theirs has a role.
   * @param said what they are called there, first choice first; what SCIM calls them
   * @throws CodedError `not-permitted`, `conflict` when the name is that of another account
   */
  async fromProvider(said: {
    externalId: string;
    scimId: string | null;
    names: readonly string[];
    displayName?: string | undefined;
    email?: string | undefined;
    grants: readonly NewGrant[];
  }): Promise<PersonRow> {
    const { people } = this.#home.store;
    return this.#home.store.change(async (tx) => {
      await people.oneAtATime(tx);
      const events: SallyportEvent[] = [];
      let person = await people.byExternalId(said.externalId, tx);
      const wasRemoved = person !== null && (await isRemoved(this.#home.store, tx, person));
      if ((person === null || wasRemoved) && said.scimId !== null) {
        const fresh = await provisionedAs(this.#home.store, tx, said.scimId);
        // Who was removed and provisioned again is linked to who they are now.
        if (fresh && person) events.push(await this.#link(tx, 'identity-provider', person, null));
        person = fresh ?? person;
        if (person && fresh) {
          events.push(await this.#link(tx, 'identity-provider', person, said.externalId, said.scimId));
          person = { ...person, externalId: said.externalId };
        }
      }
      // Removed by the provider since, or not: whom an administrator shut out gets no other account by the same id.
      const shutOut =
        person === null &&
        said.scimId !== null &&
        (await this.#home.store.provisioning.isShutOut(tx, said.scimId));
      if (shutOut || (person !== null && person.disabledAt !== null))
        throw new CodedError('not-permitted', 'this account is shut out');
      if (person !== null) events.push(...(await this.#providerLinks.use(tx, person.id, said.externalId)));
      if (person === null) {
        if (said.grants.length === 0)
          throw new CodedError('not-permitted', 'no group of yours has a role here');
        const name = providedName(said.names, said.externalId);
        if (await people.byName(name, tx))
          throw new CodedError(
            'conflict',
            `\`${name}\` is the name of another account; an administrator may link it to \`${said.externalId.slice(0, 256)}\``,
          );
        person = newPerson(name, 'identity-provider', {
          displayName: said.displayName ?? name,
          email: said.email ?? null,
          origin: 'oidc',
          externalId: said.externalId,
        });
        await people.insert(tx, person);
        events.push(created('identity-provider', person));
      }
      const changed = await this.setGrants(tx, 'identity-provider', person.id, said.grants, 'oidc');
      if (changed.isAdministratorLost) await requireAdministrator(this.#home.store.people, tx);
      events.push(...changed.events);
      if ((await people.grants(clock.nowIso(), `person:${person.id}`, tx)).length === 0)
        throw new CodedError('not-permitted', 'no group of yours has a role here');
      return { result: person, event: events };
    });
  }

  /** @param scimId by which the provider's subject was found to be them */
  async #link(
    tx: Connection,
    actor: string,
    { id, name }: PersonRow,
    externalId: string | null,
    scimId?: string,
  ): Promise<SallyportEvent> {
    await this.#home.store.people.update(tx, id, { externalId });
    await this.#home.store.tickets.void(tx, 'set-up', id);
    const data = { name, linked: externalId, ...(scimId === undefined ? {} : { scimId }) };
    return newEvent('person-changed', { actor, subject: `person:${id}`, data });
  }

  /**
   * Links an account to somebody at the identity provider, or to nobody. Its sessions end.
   * @param externalId issuer and subject @throws CodedError `conflict` when another account is linked to them
   */
  async link(actor: string, idOrName: string, externalId: string | null, address = ''): Promise<PersonRow> {
    const { store } = this.#home;
    const { id } = await this.find(idOrName);
    return store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      const person = (await store.people.byId(id, tx))!;
      const other = externalId === null ? null : await store.people.byExternalId(externalId, tx);
      if (other && other.id !== id)
        throw new CodedError('conflict', `\`${other.name}\` is linked to that subject already`);
      const linked = await this.#link(tx, actor, person, externalId);
      await this.#providerLinks.made(tx, { maker: actor, personId: id, added: false, address }, externalId);
      const subject = `person:${id}`;
      const ended = await this.#sessions.end(tx, actor, subject, { personId: id }, 'linked anew');
      return { result: { ...person, externalId }, event: [linked, ...(ended ? [ended] : [])] };
    });
  }

  /**
   * Makes the roles of one origin what they should be; sessions end when that changes any.
   * @returns events, and whether someone who is here administers no longer by these roles: an administrator must be left then
   */
  async setGrants(
    tx: Connection,
    actor: string,
    personId: string,
    wanted: readonly NewGrant[],
    origin: GrantRow['origin'],
  ): Promise<{ events: SallyportEvent[]; isAdministratorLost: boolean }> {
    const { people } = this.#home.store;
    const holder = `person:${personId}`;
    const same = (one: NewGrant, { role, system }: GrantRow): boolean =>
      one.role === role && (one.system ?? '*') === system;
    const held = (await people.grants(clock.nowIso(), holder, tx)).filter((grant) => grant.origin === origin);
    const events: SallyportEvent[] = [];
    const over = held.filter((one) => !wanted.some((want) => same(want, one)));
    const isHere = (await people.byId(personId, tx))?.disabledAt === null;
    const isAdministratorLost = isHere && over.some(({ role }) => role === ADMINISTRATOR_ROLE);
    for (const grant of over) {
      await people.ungrant(tx, grant.id);
      events.push(taken(actor, grant, 'groups changed'));
    }
    for (const want of wanted.filter((one) => !held.some((grant) => same(one, grant)))) {
      const grant = newGrant(this.#home.roles(), holder, actor, want, origin);
      await people.grant(tx, grant);
      events.push(given(actor, grant));
    }
    const ended =
      events.length > 0 ? await this.#sessions.end(tx, actor, holder, { personId }, 'roles changed') : null;
    return { events: ended ? [...events, ended] : events, isAdministratorLost };
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
    const grant = newGrant(this.#home.roles(), `person:${person.id}`, actor, input, origin);
    return store.change(async (tx) => {
      const event = await giveGrant(store, tx, actor, person.name, grant);
      const ended = await this.#sessions.end(
        tx,
        actor,
        grant.holder,
        { personId: person.id },
        'roles changed',
      );
      return { result: grant, event: [event, ...(ended ? [ended] : [])] };
    });
  }

  /** Takes a role away; at once, and sessions of the person end. @throws CodedError `not-found`, `conflict` */
  async ungrant(actor: string, idOrName: string, grantId: string, why = 'taken away'): Promise<void> {
    const { store } = this.#home;
    const person = await this.find(idOrName);
    await store.shutOut(async (tx) => {
      const event = await this.takeAway(tx, actor, `person:${person.id}`, grantId, why);
      if (event.length === 0) throw new CodedError('not-found', `\`${person.name}\` has no such grant`);
      return { result: undefined, event };
    });
  }

  /**
   * Takes a role away in a transaction, from a person or a program.
   * @returns events; none when it was gone already @throws CodedError `conflict` when nobody would be left to administer
   */
  async takeAway(
    tx: Connection,
    actor: string,
    holder: string,
    grantId: string,
    why: string,
  ): Promise<SallyportEvent[]> {
    const { store } = this.#home;
    await store.people.oneAtATime(tx);
    const grant = (await store.people.grants(clock.nowIso(), holder, tx)).find(({ id }) => id === grantId);
    if (!grant) return [];
    // A program administers nothing, whatever it holds: without it there are as many who do.
    const isPerson = holder.startsWith('person:');
    if (isPerson && grant.role === ADMINISTRATOR_ROLE)
      await requireAdministrator(this.#home.store.people, tx, grantId);
    await store.people.ungrant(tx, grantId);
    const event = taken(actor, grant, why);
    if (!isPerson) return [event];
    const personId = holder.slice('person:'.length);
    const ended = await this.#sessions.end(tx, actor, holder, { personId }, 'roles changed');
    return [event, ...(ended ? [ended] : [])];
  }

  /** Takes away roles that nobody used for some days, of people and programs; the last administrator stays. @returns how many */
  async takeAwayUnused(days: number): Promise<number> {
    const { store } = this.#home;
    const why = `not used for ${days} days`;
    let count = 0;
    for (const grant of await store.people.grants(clock.nowIso())) {
      if (!isUnused(grant, days)) continue;
      count += await store
        .change(async (tx) => {
          const event = await this.takeAway(tx, 'sallyport', grant.holder, grant.id, why);
          return { result: event.length > 0 ? 1 : 0, event };
        })
        .catch((fault: unknown) => {
          if (fault instanceof CodedError && fault.code === 'conflict') return 0;
          throw fault;
        });
    }
    return count;
  }

  /** Says which user of this machine a person is; null for none. @throws CodedError `not-found`, `conflict` */
  async setLocalUser(actor: string, idOrName: string, user: string | null): Promise<void> {
    const { people } = this.#home.store;
    const { id, name } = await this.find(idOrName);
    await this.#home.store.change(async (tx) => {
      await people.oneAtATime(tx);
      const other = user === null ? null : await people.byLocalUser(user, tx);
      if (other && other.id !== id)
        throw new CodedError('conflict', `\`${user}\` is \`${other.name}\` already`);
      await people.update(tx, id, { localUser: user });
      const data = { name, localUser: user };
      return {
        result: undefined,
        event: newEvent('person-changed', { actor, subject: `person:${id}`, data }),
      };
    });
  }

  /**
   * Shuts somebody out, at once; or lets them in again. A provider shuts people out too, but lets in no one whom an
   * administrator shut out.
   * @throws CodedError `not-found`, `conflict`
   */
  async setDisabled(
    actor: string,
    idOrName: string,
    disabled: boolean,
    why = '',
    by: 'administrator' | 'provider' = 'administrator',
  ): Promise<void> {
    const { id } = await this.find(idOrName);
    const { store } = this.#home;
    const work = async (tx: Connection) => ({
      result: undefined,
      event: await this.disableIn(tx, actor, id, disabled, why, by),
    });
    await (disabled ? store.shutOut(work) : store.change(work));
  }

  /**
   * The same in a transaction. A leaver of a provider is out even as the last administrator: the owner of this machine
   * makes the next one by command.
   * @returns events @throws CodedError `conflict`
   */
  async disableIn(
    tx: Connection,
    actor: string,
    id: string,
    disabled: boolean,
    why: string,
    by: 'administrator' | 'provider',
  ): Promise<SallyportEvent[]> {
    const { people } = this.#home.store;
    await people.oneAtATime(tx);
    const person = (await people.byId(id, tx))!;
    const already = disabled
      ? person.disabledAt !== null && (by === 'provider' || person.shutOutBy === 'administrator')
      : person.disabledAt === null || (by === 'provider' && person.shutOutBy !== 'provider');
    if (already) return [];
    await people.update(tx, id, {
      disabledAt: disabled ? (person.disabledAt ?? clock.nowIso()) : null,
      shutOutBy: disabled ? by : null,
    });
    const held = await people.grants(clock.nowIso(), `person:${id}`, tx);
    if (disabled && by !== 'provider' && held.some(({ role }) => role === ADMINISTRATOR_ROLE))
      await requireAdministrator(this.#home.store.people, tx);
    const subject = `person:${id}`;
    const data = { name: person.name, why, by };
    const event = newEvent(disabled ? 'person-disabled' : 'person-enabled', { actor, subject, data });
    if (disabled) {
      await this.#home.store.tickets.endHandedOn(tx, { personId: id });
      await this.#home.store.tickets.endHandedOn(tx, { maker: subject });
    }
    // Let in again they begin again: no session is there that was not ended.
    const ends = disabled ? 'disabled' : 'let in again';
    const ended = await this.#sessions.end(tx, actor, subject, { personId: id }, ends);
    return [event, ...(ended ? [ended] : [])];
  }
}
