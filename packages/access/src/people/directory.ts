import { CodedError, clock, newEvent, type SallyportEvent } from '@sallyport/core';
import { ADMINISTRATOR_ROLE } from '@sallyport/policy';
import type { Connection, FactorKind, GrantRow, PersonRow } from '@sallyport/store';
import { created, giveGrant, given, type NewGrant, newGrant, newPerson, taken } from './grants.ts';
import { type GroupsSaid, setGroupGrants } from './group-grants.ts';
import { type AccessHome, personName, providedName } from './home.ts';
import { givesWay, provisionedAs, requireAdministrator, twofold } from './left-and-kept.ts';
import { ProviderLinks } from './provider-links.ts';
import type { PersonSessions } from './sessions.ts';
import type { SetUpLinks } from './set-up-links.ts';
import { takeAwayUnused } from './unused.ts';

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
    if (!person) throw new CodedError('not-found', `there is no person \`${idOrName.slice(0, 64)}\``);
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
        throw new CodedError('conflict', `the name \`${name}\` is taken`);
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
   * group of theirs has a role; whoever is in no such group any more is refused, and has the roles no longer.
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
    let refused = new CodedError('not-permitted', 'no group of yours has a role here');
    const takenHere = new CodedError(
      'not-permitted',
      'the roles of your groups were taken from you here; an administrator may give them again',
    );
    const found = await this.#home.store.change<PersonRow | null>(async (tx) => {
      await people.oneAtATime(tx);
      const events: SallyportEvent[] = [];
      let person = await people.byExternalId(said.externalId, tx);
      if (said.scimId !== null && (person === null || (await givesWay(this.#home.store, tx, person)))) {
        const fresh = await provisionedAs(this.#home.store, tx, said.scimId, person);
        // Who was removed and provisioned again, or provisioned after a sign-on, is linked to who they are now.
        if (fresh && person)
          events.push(
            await this.#link(tx, 'identity-provider', person, null),
            ...(await this.disableIn(
              tx,
              'identity-provider',
              person.id,
              true,
              `is ${fresh.name}`,
              'provider',
            )),
          );
        person = fresh ?? person;
        if (person && fresh) {
          events.push(await this.#link(tx, 'identity-provider', person, said.externalId, said.scimId));
          person = { ...person, externalId: said.externalId };
        }
      }
      // It stays another account than the one that SCIM keeps: that they are of one person is said, so that both can be shut out.
      const told =
        person === null || events.length > 0 ? [] : await twofold(this.#home.store, tx, person, said.scimId);
      // Removed by the provider since, or not: whom an administrator shut out gets no other account by the same id.
      const shutOut =
        person === null &&
        said.scimId !== null &&
        (await this.#home.store.provisioning.isShutOut(tx, said.scimId));
      if (shutOut || (person !== null && person.disabledAt !== null))
        throw new CodedError('not-permitted', 'this account is shut out');
      if (person !== null) events.push(...(await this.#providerLinks.use(tx, person.id, said.externalId)));
      if (person === null) {
        if (said.grants.length === 0) throw refused;
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
      if (changed.isAdministratorLost) await requireAdministrator(this.#home.store, tx, [person.id]);
      const isIn = (await people.grants(clock.nowIso(), `person:${person.id}`, tx)).length > 0;
      if (!isIn && changed.isWithheld) refused = takenHere;
      // Only what is taken away outlasts a refusal: no link does, and no first use of one.
      if (!isIn && events.length > 0) throw refused;
      return { result: isIn ? person : null, event: [...events, ...told, ...changed.events] };
    });
    if (!found) throw refused;
    return found;
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
    // What someone changed in the database is removed first: what is put in its place then is the record's.
    if (externalId !== null && !(await this.#providerLinks.isWhole(id)))
      await this.link(actor, id, null, address);
    return store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      const person = (await store.people.byId(id, tx))!;
      const other = externalId === null ? null : await store.people.byExternalId(externalId, tx);
      if (other && other.id !== id)
        throw new CodedError('conflict', `\`${other.name}\` is linked to that subject already`);
      const linked = await this.#link(tx, actor, person, externalId);
      await this.#providerLinks.made(tx, { maker: actor, personId: id, added: false, address }, externalId);
      const subject = `person:${id}`;
      const ended = await this.#sessions.end(tx, actor, subject, { personId: id }, 'a new set-up link');
      return { result: { ...person, externalId }, event: [linked, ...(ended ? [ended] : [])] };
    });
  }

  /** Makes the roles of one origin what groups say. See {@link setGroupGrants}. */
  setGrants(
    tx: Connection,
    actor: string,
    personId: string,
    wanted: readonly NewGrant[],
    origin: GrantRow['origin'],
  ): Promise<GroupsSaid> {
    return setGroupGrants(this.#home, this.#sessions, tx, { actor, personId, wanted, origin });
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
      const own = { personId: person.id };
      const ended = await this.#sessions.end(tx, actor, grant.holder, own, 'roles changed');
      return { result: grant, event: [event, ...(ended ? [ended] : [])] };
    });
  }

  /** Takes a role away; at once, and sessions of the person end. @throws CodedError `not-found`, `conflict` */
  async ungrant(actor: string, idOrName: string, grantId: string, why = 'taken away'): Promise<void> {
    const { store } = this.#home;
    const person = await this.find(idOrName);
    await store.shutOut(async (tx) => {
      const event = await this.takeAway(tx, actor, `person:${person.id}`, grantId, why, true);
      if (event.length === 0) throw new CodedError('not-found', `\`${person.name}\` has no such grant`);
      return { result: undefined, event };
    });
  }

  /**
   * Takes a role away in a transaction, from a person or a program.
   * @param isWithheld whether no group gives it to them again, as long as they are in one that would
   * @returns events; none when it was gone already @throws CodedError `conflict` when nobody would be left to administer
   */
  async takeAway(
    tx: Connection,
    actor: string,
    holder: string,
    grantId: string,
    why: string,
    isWithheld = false,
  ): Promise<SallyportEvent[]> {
    const { store } = this.#home;
    await store.people.oneAtATime(tx);
    const grant = (await store.people.grants(clock.nowIso(), holder, tx)).find(({ id }) => id === grantId);
    if (!grant) return [];
    // A program administers nothing, whatever it holds: without it there are as many who do.
    const isPerson = holder.startsWith('person:');
    if (isPerson && grant.role === ADMINISTRATOR_ROLE)
      await requireAdministrator(store, tx, [holder.slice('person:'.length)], grantId);
    const isOfGroups = grant.origin === 'oidc' || grant.origin === 'scim';
    if (isWithheld && isOfGroups) await store.people.withhold(tx, grantId);
    else await store.people.ungrant(tx, grantId);
    const event = taken(actor, grant, why);
    if (!isPerson) return [event];
    const personId = holder.slice('person:'.length);
    const ended = await this.#sessions.end(tx, actor, holder, { personId }, 'roles changed');
    return [event, ...(ended ? [ended] : [])];
  }

  /** Takes away roles that nobody used for some days, of people and programs; the last administrator stays. @returns how many */
  takeAwayUnused(days: number): Promise<number> {
    return takeAwayUnused(this.#home.store, days, (tx, { holder, id }, why) =>
      this.takeAway(tx, 'sallyport', holder, id, why),
    );
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
      await requireAdministrator(this.#home.store, tx, [id]);
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
