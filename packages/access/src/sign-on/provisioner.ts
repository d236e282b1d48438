import { CodedError, clock, newEvent, newId, type SallyportEvent } from '@sallyport/core';
import type { Connection, GroupRow, PersonRow } from '@sallyport/store';
import type { Directory } from '../people/directory.ts';
import { created, type NewGrant, newPerson } from '../people/grants.ts';
import { type AccessHome, personName, providedName, shownName } from '../people/home.ts';
import { isRemoved, requireAdministrator } from '../people/left-and-kept.ts';

/** Members of one group, and groups, at most. */
const MEMBERS_MAX = 10_000;
const GROUPS_MAX = 1_000;
/** People of each whom one event names. */
const MOVED_MAX = 100;
/** People who are asked about one by one; beyond, all are read. */
const ASKED_MAX = 100;
/** How many times as many people a provider may have kept here as it may keep at a time: those whom it removed stay known. */
const EVER_TIMES = 10;
/** Why somebody is out or in again. */
const SAID = 'said by the identity provider';

/** What goes grants nothing at once, where it cannot be stored; what comes waits. */
const goneOnly = (_row: string, gone: boolean): boolean => gone;

/** Somebody as an identity provider keeps them. */
export interface ProvisionedUser {
  readonly userName: string;
  readonly externalId: string | null;
  readonly displayName: string;
  readonly email: string | null;
  readonly active: boolean;
}

/** Such a person with our id and times. */
export type KnownUser = ProvisionedUser & { readonly id: string; readonly createdAt: string };

/** A group as an identity provider keeps it. */
export type ProvisionedGroup = Pick<GroupRow, 'name' | 'externalId' | 'members'>;

/** What a group is before it is one. */
const NO_GROUP: ProvisionedGroup = { name: '', externalId: null, members: [] };

/** Keeps people and groups as an identity provider says (SCIM 2.0, RFC 7643): joiners, movers, leavers. */
export class Provisioner {
  readonly #home: AccessHome;
  readonly #directory: Directory;

  constructor(home: AccessHome, directory: Directory) {
    this.#home = home;
    this.#directory = directory;
  }

  /** Everybody whom the provider keeps. */
  async users(): Promise<KnownUser[]> {
    const { people, provisioning } = this.#home.store;
    const kept = await provisioning.people();
    return (await people.list())
      .filter(({ id }) => kept.has(id))
      .map((person) => known(person, kept.get(person.id) ?? null));
  }

  /** One of them; what that costs does not grow with how many there are. @throws CodedError `not-found` */
  async user(id: string): Promise<KnownUser> {
    const { people, provisioning } = this.#home.store;
    const kept = await provisioning.knownAs(id);
    const person = kept === undefined ? null : await people.byId(id);
    if (kept === undefined || person === null)
      throw new CodedError('not-found', `there is no user \`${id.slice(0, 64)}\``);
    return known(person, kept);
  }

  /** @throws CodedError `people-full` */
  async #requireRoom(tx: Connection): Promise<void> {
    const most = this.#home.settings().provisionedMax ?? Number.POSITIVE_INFINITY;
    const { kept, ever } = await this.#home.store.provisioning.count(tx);
    const help = 'raise `access.provisionedPeople`';
    if (kept >= most)
      throw new CodedError('people-full', `a provider keeps at most ${most} people here; ${help}`);
    if (ever >= most * EVER_TIMES)
      throw new CodedError(
        'people-full',
        `${most * EVER_TIMES} people were kept here by a provider, with those whom it removed; ${help}`,
      );
  }

  /** Requires that no administrator shut out the person who is known by an id. @throws CodedError `conflict` */
  async #requireNotShutOut(tx: Connection, externalId: string | null): Promise<void> {
    if (externalId !== null && (await this.#home.store.provisioning.isShutOut(tx, externalId)))
      throw new CodedError('conflict', 'an administrator shut this person out; only they let them in again');
  }

  /** A joiner. @throws CodedError `conflict` when somebody has the name already, `people-full` */
  async create(actor: string, user: ProvisionedUser): Promise<KnownUser> {
    const { store } = this.#home;
    const name = personName(user.userName);
    const person = newPerson(name, actor, {
      displayName: user.displayName,
      email: user.email,
      origin: 'scim',
      disabledAt: user.active ? null : clock.nowIso(),
      shutOutBy: user.active ? null : 'provider',
    });
    await store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      await this.#requireRoom(tx);
      const freed = await this.#freeName(tx, actor, name, null);
      if (freed === null) throw new CodedError('conflict', `the name \`${name}\` is taken`);
      await this.#requireNotShutOut(tx, user.externalId);
      await store.people.insert(tx, person);
      await store.provisioning.put(tx, person.id, user.externalId);
      return { result: undefined, event: [...freed, created(actor, person, user.externalId)] };
    });
    return this.user(person.id);
  }

  /**
   * Frees a name of someone whom the provider removed for good: what they did stays under their id, and they stay out.
   * @param id of who is to have the name @returns events, or null when the name is that of another one
   */
  async #freeName(
    tx: Connection,
    actor: string,
    name: string,
    id: string | null,
  ): Promise<SallyportEvent[] | null> {
    const { people } = this.#home.store;
    const other = await people.byName(name, tx);
    if (other === null || other.id === id) return [];
    if (!(await isRemoved(this.#home.store, tx, other))) return null;
    const data = { name: `removed-${other.id.toLowerCase()}`, before: name };
    await people.update(tx, other.id, { name: data.name });
    return [newEvent('person-changed', { actor, subject: `person:${other.id}`, data })];
  }

  /** A leaver: out when this resolves, whatever else is said of them. @returns whether they were here */
  async leave(actor: string, id: string): Promise<boolean> {
    const { active } = await this.user(id);
    // Also one who is out already, where that is not stored yet.
    await this.#directory.setDisabled(actor, id, true, SAID, 'provider');
    return active;
  }

  /**
   * A mover: everything changes at once, or nothing does.
   * @param wanted who they should be, or what makes that of who they are when it is stored: of two changes at once none
   *   takes the other back @param left whether they left by the same request: a name that does not hold is overlooked then
   * @throws CodedError
   */
  async replace(
    actor: string,
    id: string,
    wanted: ProvisionedUser | ((now: KnownUser) => ProvisionedUser),
    left = false,
  ): Promise<KnownUser> {
    const { store } = this.#home;
    await store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      const knownAs = await store.provisioning.knownAs(id, tx);
      const person = knownAs === undefined ? null : await store.people.byId(id, tx);
      if (knownAs === undefined || person === null)
        throw new CodedError('not-found', `there is no user \`${id.slice(0, 64)}\``);
      const user = typeof wanted === 'function' ? wanted(known(person, knownAs)) : wanted;
      const isLeaver = left && !user.active;
      let name = isLeaver ? providedName([user.userName, person.name], id) : personName(user.userName);
      let freed = await this.#freeName(tx, actor, name, id);
      if (freed === null) {
        if (!isLeaver) throw new CodedError('conflict', `the name \`${name}\` is taken`);
        name = person.name;
        freed = [];
      }
      // Another could be made under the name that this frees, and be let in.
      const shutOut = person.shutOutBy === 'administrator';
      if (shutOut && (name !== person.name || user.externalId !== knownAs))
        throw new CodedError(
          'conflict',
          'an administrator shut this person out: who they are does not change until they are let in again',
        );
      if (user.externalId !== knownAs) await this.#requireNotShutOut(tx, user.externalId);
      const displayName = shownName(user.displayName) || name;
      await store.people.update(tx, id, { name, displayName, email: user.email });
      await store.provisioning.put(tx, id, user.externalId);
      // What changes of who they are is said, and only that: whoever said it answers for who signs on by it.
      const data = {
        displayName,
        name,
        ...(name === person.name ? {} : { before: person.name }),
        ...(user.externalId === knownAs ? {} : { externalId: user.externalId }),
      };
      const changed = newEvent('person-changed', { actor, subject: `person:${id}`, data });
      const here = await this.#directory.disableIn(tx, actor, id, !user.active, SAID, 'provider');
      return { result: undefined, event: [...freed, changed, ...here] };
    });
    return this.user(id);
  }

  /** A leaver for good: out when this resolves. What they did stays recorded. */
  async remove(actor: string, id: string): Promise<void> {
    const { store } = this.#home;
    await this.user(id);
    await this.#directory.setDisabled(actor, id, true, 'removed by the identity provider', 'provider');
    await store.change(async (tx) => {
      await store.provisioning.delete(tx, id, clock.nowIso());
      const event = await this.#settle(tx, actor, [id]);
      return { result: undefined, event };
    });
  }

  groups(): Promise<GroupRow[]> {
    return this.#home.store.provisioning.groups();
  }

  /** @throws CodedError `not-found` */
  async group(id: string): Promise<GroupRow> {
    return groupOf(await this.groups(), id);
  }

  /**
   * Makes a group, or makes one what it should be. Roles of whoever came or went follow at once.
   * @param wanted what it should be, or what makes that of what it is when it is stored @throws CodedError
   */
  putGroup(
    actor: string,
    id: string | null,
    wanted: ProvisionedGroup | ((now: GroupRow) => ProvisionedGroup),
  ): Promise<GroupRow> {
    const { people, provisioning } = this.#home.store;
    return this.#home.store.shutOut(async (tx) => {
      await people.oneAtATime(tx);
      const groups = await provisioning.groups(tx);
      const before = id === null ? null : groupOf(groups, id);
      if (before === null && groups.length >= GROUPS_MAX)
        throw new CodedError('request-invalid', `there are at most ${GROUPS_MAX} groups`);
      const now = before ?? { id: newId('grp'), createdAt: clock.nowIso(), ...NO_GROUP };
      const input = typeof wanted === 'function' ? wanted(now) : wanted;
      const group: GroupRow = { ...now, ...input, members: [...new Set(input.members)] };
      await this.#requireMembers(tx, group.members, new Set(now.members));
      if (groups.some((one) => one.name === group.name && one.id !== group.id))
        throw new CodedError('conflict', `a group \`${group.name.slice(0, 64)}\` exists already`);
      await provisioning.putGroup(tx, group);
      const touched = new Set([...group.members, ...now.members]);
      const data = { name: group.name, members: group.members.length, ...moved(now.members, group.members) };
      const event = newEvent('group-changed', { actor, subject: `group:${group.id}`, data });
      return { result: group, event: [event, ...(await this.#settle(tx, actor, [...touched]))] };
    }, goneOnly);
  }

  /** @param before those who were members: of them it is known that they are here @throws CodedError `request-invalid` */
  async #requireMembers(
    tx: Connection,
    members: readonly string[],
    before: ReadonlySet<string>,
  ): Promise<void> {
    const { provisioning } = this.#home.store;
    const came = members.filter((one) => !before.has(one));
    const known = came.length > ASKED_MAX ? await provisioning.people(tx) : null;
    for (const one of came)
      if (known === null ? (await provisioning.knownAs(one, tx)) === undefined : !known.has(one))
        throw new CodedError('request-invalid', `there is no user \`${one.slice(0, 64)}\` to be a member`);
    if (members.length > MEMBERS_MAX)
      throw new CodedError('request-invalid', `a group has at most ${MEMBERS_MAX} members`);
  }

  async removeGroup(actor: string, id: string): Promise<void> {
    const { store } = this.#home;
    await store.shutOut(async (tx) => {
      await store.people.oneAtATime(tx);
      const group = groupOf(await store.provisioning.groups(tx), id);
      await store.provisioning.removeGroup(tx, id);
      const data = { name: group.name, removed: true, ...moved(group.members, []) };
      const event = newEvent('group-changed', { actor, subject: `group:${id}`, data });
      return { result: undefined, event: [event, ...(await this.#settle(tx, actor, group.members))] };
    });
  }

  /**
   * Gives people the roles that their groups have, and takes those away that no group of theirs has any more. All are looked
   * at, for the configuration may say otherwise since; who has what they should have costs next to nothing.
   */
  async #settle(tx: Connection, actor: string, ids: readonly string[]): Promise<SallyportEvent[]> {
    const wanted = await this.#wanted(tx, new Set(ids));
    const held = await this.#held(tx);
    const events: SallyportEvent[] = [];
    const lost: string[] = [];
    for (const id of ids) {
      const texts = wanted.get(id) ?? NOTHING;
      if (isSame(texts, held.get(`person:${id}`) ?? NOTHING)) continue;
      const grants = [...texts].map((text): NewGrant => {
        const [role = '', system] = text.split('@');
        return { role, system };
      });
      const changed = await this.#directory.setGrants(tx, actor, id, grants, 'scim');
      events.push(...changed.events);
      if (changed.isAdministratorLost) lost.push(id);
    }
    // Asked at the end: another may have taken the place in the same change.
    if (lost.length > 0) await requireAdministrator(this.#home.store, tx, lost);
    return events;
  }

  /** Roles that the groups of some people give, as the configuration writes them. */
  async #wanted(tx: Connection, ids: ReadonlySet<string>): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const roles = this.#home.settings().groupRoles ?? {};
    const wanted = new Map<string, Set<string>>();
    for (const { name, members } of await this.#home.store.provisioning.groups(tx)) {
      if (!Object.hasOwn(roles, name)) continue;
      for (const id of members) if (ids.has(id)) for (const text of roles[name]!) addTo(wanted, id, text);
    }
    return wanted;
  }

  /** Roles that groups gave, those too that were taken here and are withheld, by who has them. */
  async #held(tx: Connection): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const { people } = this.#home.store;
    const held = new Map<string, Set<string>>();
    for (const { holder, role, system, origin } of [
      ...(await people.grants(clock.nowIso(), undefined, tx)),
      ...(await people.withheld(tx)),
    ])
      if (origin === 'scim') addTo(held, holder, system === '*' ? role : `${role}@${system}`);
    return held;
  }
}

const NOTHING: ReadonlySet<string> = new Set();

const isSame = (one: ReadonlySet<string>, other: ReadonlySet<string>): boolean =>
  one.size === other.size && [...one].every((text) => other.has(text));

function addTo(sets: Map<string, Set<string>>, name: string, text: string): void {
  const set = sets.get(name);
  if (set) set.add(text);
  else sets.set(name, new Set([text]));
}

/** Who came into a group and who went, as far as an event has room for them. */
function moved(before: readonly string[], now: readonly string[]): { came: string[]; went: string[] } {
  const [then, here] = [new Set(before), new Set(now)];
  return {
    came: now.filter((id) => !then.has(id)).slice(0, MOVED_MAX),
    went: before.filter((id) => !here.has(id)).slice(0, MOVED_MAX),
  };
}

/** @throws CodedError `not-found` */
function groupOf(groups: readonly GroupRow[], id: string): GroupRow {
  const group = groups.find((one) => one.id === id);
  if (!group) throw new CodedError('not-found', `there is no group \`${id.slice(0, 64)}\``);
  return group;
}

const known = (person: PersonRow, externalId: string | null): KnownUser => ({
  id: person.id,
  userName: person.name,
  externalId,
  displayName: person.displayName,
  email: person.email,
  active: person.disabledAt === null,
  createdAt: person.createdAt,
});
