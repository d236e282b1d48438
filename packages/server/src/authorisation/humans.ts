import { clock, type SallyportEvent } from '@sallyport/core';
import type { PersonRow, Store } from '@sallyport/store';

/** For how long who made an approver, or said that an author is no user of this machine, does not profit from it. */
export const COOLING_OFF_MS = 24 * 3_600_000;

const IDENTITY = ['person-created', 'person-changed', 'provider-link-used'] as const;

const texts = (values: readonly unknown[]): string[] => [
  ...new Set(values.filter((value): value is string => typeof value === 'string' && value !== '')),
];

/** Users of this machine that a person was said to be, newest word first, and when each was said. */
const saidUsers = (events: readonly SallyportEvent[]): { user: unknown; at: string }[] =>
  events.flatMap(({ data, at }) => ('localUser' in data ? [{ user: data['localUser'], at }] : []));

/** Subjects of the provider by which somebody signed on. */
const subjectsOf = (events: readonly SallyportEvent[]): string[] =>
  texts(events.flatMap(({ actor, data }) => (actor === 'identity-provider' ? [data['linked']] : [])));

/**
 * Which actors are, or may be, one human: a person, the user of this machine that they are, their other accounts, and the
 * service accounts that they keep. The record is asked, and not only what accounts say now: who is renamed, linked
 * elsewhere or made again stays who they were.
 */
export class Humans {
  readonly #store: () => Store;

  constructor(store: () => Store) {
    this.#store = store;
  }

  /** Every actor who is, or may be, the same human as this one, itself included. */
  async partiesOf(actor: string): Promise<string[]> {
    const [kind, id = ''] = actor.split(/:(.*)/s);
    const keepers = kind === 'program' ? await this.#keepersOf(id) : [actor];
    const parties = new Set([actor, ...keepers]);
    for (const one of keepers) for (const party of await this.#humanOf(one)) parties.add(party);
    return [...parties];
  }

  /**
   * Whom an actor is taken for. A user of this machine leads to people, and never back: two people may have had one name,
   * one after the other.
   */
  async #humanOf(actor: string): Promise<string[]> {
    const [kind, id = ''] = actor.split(/:(.*)/s);
    const people = kind === 'person' ? [actor] : kind === 'local' ? await this.#peopleOf(id) : [];
    const accounts = await Promise.all(people.map((one) => this.#accountsOf(one.replace(/^person:/, ''))));
    return [actor, ...people, ...accounts.flat()];
  }

  #about(personId: string): Promise<SallyportEvent[]> {
    return this.#store().events.about(`person:${personId}`, IDENTITY, '');
  }

  /**
   * The user that an administrator said; one that they took back a moment ago, too. As long as no one said who somebody
   * is, they are taken for the users of every name that they ever had.
   */
  #users({ name, localUser }: PersonRow, events: readonly SallyportEvent[]): string[] {
    const said = saidUsers(events);
    const since = new Date(clock.nowMs() - COOLING_OFF_MS).toISOString();
    const takenBack = said.flatMap(({ user }, i) => (i > 0 && said[i - 1]!.at > since ? [user] : []));
    const names = localUser
      ? [localUser]
      : [name, ...events.flatMap(({ data }) => [data['name'], data['before']])];
    return texts([...names, ...takenBack]);
  }

  /** People who are taken for a user of this machine. */
  async #peopleOf(user: string): Promise<string[]> {
    const { events, people } = this.#store();
    const name = user.toLowerCase();
    const named = await Promise.all([
      events.saying(IDENTITY, 'localUser', user),
      events.saying(IDENTITY, 'name', name),
      events.saying(IDENTITY, 'before', name),
    ]);
    const rows = await Promise.all([people.byLocalUser(user), people.byName(name)]);
    const candidates = new Set([
      ...rows.flatMap((row) => (row === null ? [] : [`person:${row.id}`])),
      ...named.flat().map(({ subject }) => subject),
    ]);
    const same: string[] = [];
    for (const one of candidates) {
      const person = await people.byId(one.replace(/^person:/, ''));
      if (person === null) continue;
      const users = this.#users(person, await this.#about(person.id));
      if (users.includes(user) || (!person.localUser && users.includes(name))) same.push(one);
    }
    return same;
  }

  /** Other accounts of a person: those by which the same subject of the provider signed on, or that it calls alike. */
  async #accountsOf(personId: string): Promise<string[]> {
    const { events, provisioning } = this.#store();
    const others = (await provisioning.sharing(personId)).map((id) => `person:${id}`);
    for (const subject of subjectsOf(await this.#about(personId))) {
      const linked = await events.saying(IDENTITY, 'linked', subject);
      others.push(...linked.flatMap((one) => (one.actor === 'identity-provider' ? [one.subject] : [])));
    }
    return others;
  }

  /** Who answers or answered for a service account, made it, or made a key of it. */
  async #keepersOf(id: string): Promise<string[]> {
    const { programs, events } = this.#store();
    const program = await programs.find(id);
    const keys = await events.saying(['key-created', 'key-rotated'], 'program', id);
    const said = await events.about(`program:${id}`, ['program-created', 'program-changed'], '');
    const owners = texts([program?.owner, ...said.flatMap(({ data }) => [data['owner'], data['before']])]);
    const makers = texts([program?.createdBy, ...keys.map(({ actor }) => actor)]);
    return [...owners.map((owner) => `person:${owner}`), ...makers];
  }

  /** Who said that whoever signed on by an id of SCIM is this person: the last who said that id, or made the account. */
  async whoProvisioned(personId: string, scimId: unknown): Promise<string[]> {
    const said = await this.#store().events.about(
      `person:${personId}`,
      ['person-created', 'person-changed'],
      '',
    );
    const [last] = said.filter(({ data }) => data['externalId'] === scimId && scimId !== undefined);
    const made = said.find(({ type }) => type === 'person-created');
    return texts([(last ?? made)?.actor]);
  }
}
