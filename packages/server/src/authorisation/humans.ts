import { clock, type SallyportEvent } from '@sallyport/core';
import type { PersonRow } from '@sallyport/store';
import type { Installation } from '../installation.ts';

/** For how long who made an approver, or said that an author is no user of this machine, does not profit from it. */
export const COOLING_OFF_MS = 24 * 3_600_000;

const IDENTITY = ['person-created', 'person-changed', 'provider-link-used'] as const;

const texts = (values: readonly unknown[]): string[] => [
  ...new Set(values.filter((value): value is string => typeof value === 'string' && value !== '')),
];

/** Users of this machine that a person was said to be, newest word first, and when each was said. */
const saidUsers = (events: readonly SallyportEvent[]): { user: unknown; at: string }[] =>
  events.flatMap(({ data, at }) => ('localUser' in data ? [{ user: data['localUser'], at }] : []));

/**
 * Which actors are, or may be, one human: a person, the user of this machine that they are, their other accounts, and the
 * service accounts that they keep. The log is asked, and not only what accounts say now: who is renamed, linked
 * elsewhere or made again stays who they were.
 */
export class Humans {
  readonly #installation: () => Pick<Installation, 'store' | 'state'>;

  constructor(installation: () => Pick<Installation, 'store' | 'state'>) {
    this.#installation = installation;
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
    if (people.length === 0) return [actor];
    const others = await this.accounts();
    return [actor, ...people, ...people.flatMap(others)];
  }

  async #about(personId: string): Promise<SallyportEvent[]> {
    return (await this.#installation().state.said()).about(`person:${personId}`, IDENTITY);
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
    const { people } = this.#installation().store;
    const events = await this.#installation().state.said();
    const name = user.toLowerCase();
    const named = [
      events.saying(IDENTITY, 'localUser', user),
      events.saying(IDENTITY, 'name', name),
      events.saying(IDENTITY, 'before', name),
    ];
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

  /**
   * Accounts of the same person: those by which the same subject of the provider signed on, or that it calls alike.
   * @returns the others of a person (`person:ID`), as things are now
   */
  async accounts(): Promise<(person: string) => string[]> {
    const marks = new Map<string, Set<string>>();
    const marked = new Map<string, Set<string>>();
    const mark = (one: string, what: string): void => {
      marks.set(one, (marks.get(one) ?? new Set()).add(what));
      marked.set(what, (marked.get(what) ?? new Set()).add(one));
    };
    for (const { type, actor, subject, data } of (await this.#installation().state.said()).all) {
      if (actor !== 'identity-provider' || !(IDENTITY as readonly string[]).includes(type)) continue;
      for (const linked of texts([data['linked']])) mark(subject, `subject ${linked}`);
      for (const id of texts([data['knownAs']])) mark(subject, `id ${id}`);
    }
    for (const [id, known] of await this.#installation().store.provisioning.everKnown())
      mark(`person:${id}`, `id ${known}`);
    return (person) => {
      const all = [...(marks.get(person) ?? [])].flatMap((what) => [...marked.get(what)!]);
      return [...new Set(all)].filter((one) => one !== person);
    };
  }

  /** Who answers or answered for a service account, made it, or made a key of it. */
  async #keepersOf(id: string): Promise<string[]> {
    const program = await this.#installation().store.programs.find(id);
    const events = await this.#installation().state.said();
    const keys = events.saying(['key-created', 'key-rotated'], 'program', id);
    const said = events.about(`program:${id}`, ['program-created', 'program-changed']);
    const owners = texts([program?.owner, ...said.flatMap(({ data }) => [data['owner'], data['before']])]);
    const makers = texts([program?.createdBy, ...keys.map(({ actor }) => actor)]);
    return [...owners.map((owner) => `person:${owner}`), ...makers];
  }

  /** Who said that whoever signed on by an id of SCIM is this person: the last who said that id, or made the account. */
  async whoProvisioned(personId: string, scimId: unknown): Promise<string[]> {
    const events = await this.#installation().state.said();
    const said = events.about(`person:${personId}`, ['person-created', 'person-changed']);
    const [last] = said.filter(({ data }) => data['externalId'] === scimId && scimId !== undefined);
    const made = said.find(({ type }) => type === 'person-created');
    return texts([(last ?? made)?.actor]);
  }
}
