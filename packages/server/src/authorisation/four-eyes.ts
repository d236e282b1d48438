import { clock, type SallyportEvent } from '@sallyport/core';
import { type ControlRequest, groupsOfAction, type PolicySet, policySchema } from '@sallyport/policy';
import type { Connection, GrantRow, PersonRow } from '@sallyport/store';
import type { Control } from '../control.ts';
import type { AskedType } from '../said-events.ts';
import { COOLING_OFF_MS, Humans } from './humans.ts';

/** What makes somebody an approver, or lets another take over who is one. A link does so when it is used. */
const MAKING = [
  'grant-given',
  'person-created',
  'person-enabled',
  'setup-link-used',
  'provider-link-used',
  // Only where someone signed on by an id of SCIM, and was linked by it.
  'person-changed',
] as const;
/** What puts an account into the hands of another. Who is given a role is still who they are. */
const LETTING_IN = MAKING.filter((type) => type !== 'grant-given');
/** Actors who could profit; others speak for this installation or its identity provider. */
const PARTY = /^(?:person|program|local):/;

const actionsOf = (group: string): string[] =>
  Object.keys(policySchema().actions).filter((action) => groupsOfAction(action)?.includes(group));

/** Roles with which a person could do something of a group of actions, whatever else their policies ask for. */
const rolesWith = (policies: PolicySet, group: string): ReadonlySet<string> =>
  policies.rolesThatMay('Person', actionsOf(group));

/** What an approver owes to who gave them the role, and what one who made an approver does. */
const APPROVING = 'approve';
const MAKING_APPROVERS = 'administer';

/** People that are followed from an approver or author to those who made them, and those who made these. */
const FOLLOWED_MAX = 100;
/** Stands for every actor among those to whom a person owes it: there are more than are followed. Safeguards know it. */
const ANYONE = 'anyone';

/** Who is one human under several names, and who lately made an approver: an approval needs another pair of eyes. */
export class FourEyes {
  readonly #control: Control;
  readonly #humans: Humans;

  constructor(control: Control) {
    this.#control = control;
    this.#humans = new Humans(() => control.installation);
  }

  /** Adds to a request what four eyes need to know: who is the same human as an author, and whom an approver owes. */
  async see(request: ControlRequest): Promise<ControlRequest> {
    const { actor, action, target } = request;
    const isForOthers = action === 'relax-inventory' || (groupsOfAction(action) ?? []).includes('approve');
    if (target.kind !== 'proposal' || !isForOthers) return request;
    const parties = await this.#behind([target.author, ...(target.behind ?? [])]);
    if (actor.kind !== 'person') return { ...request, target: { ...target, parties } };
    const beholden = await this.beholdenTo(actor.id);
    return { ...request, target: { ...target, parties }, actor: { ...actor, beholden } };
  }

  /**
   * Accounts that are open still, of people who were shut out. Of one that SCIM keeps the provider says itself whether it is
   * open: where it was the provider who shut a person out, such an account took the place of the other.
   * @param all everyone with an account @param asked those whom it is asked of @returns by the id of who is shut out
   */
  async stillIn<P extends Pick<PersonRow, 'id' | 'origin' | 'disabledAt' | 'shutOutBy'>>(
    all: readonly P[],
    asked = all,
  ): Promise<Map<string, P[]>> {
    const out = asked.filter(({ disabledAt }) => disabledAt !== null);
    if (out.length === 0) return new Map();
    const others = await this.#humans.accounts();
    const open = new Map(all.flatMap((one) => (one.disabledAt === null ? [[`person:${one.id}`, one]] : [])));
    return new Map(
      out.map(({ id, shutOutBy }) => [
        id,
        others(`person:${id}`).flatMap((one) => {
          const other = open.get(one);
          return other && !(shutOutBy === 'provider' && other.origin === 'scim') ? [other] : [];
        }),
      ]),
    );
  }

  /** Whether these roles make approvers, or a program that could. */
  makesApprovers(grants: readonly { readonly role: string }[]): boolean {
    const { policies } = this.#control.snapshots;
    const approving = rolesWith(policies, APPROVING);
    return grants.some(({ role }) => approving.has(role)) || this.keepsPeople(grants);
  }

  /** Whether these roles let a program keep people and groups here: the roles that it gives by these do not end with its own. */
  keepsPeople(grants: readonly { readonly role: string }[]): boolean {
    const keeping = this.#control.snapshots.policies.rolesThatMay('Program', ['provision-people']);
    return grants.some(({ role }) => keeping.has(role));
  }

  /** Whether somebody holds a role that makes them an approver. */
  async isApprover(holder: string, tx?: Connection): Promise<boolean> {
    const { people } = this.#control.installation.store;
    return this.makesApprovers(await people.grants(clock.nowIso(), holder, tx));
  }

  /** Whether a person or program approves, gives roles, or may become one who does in an emergency. */
  async isPowerful(holder: string, tx?: Connection): Promise<boolean> {
    const { installation, snapshots } = this.#control;
    const grants = await installation.store.people.grants(clock.nowIso(), holder, tx);
    if (this.makesApprovers(grants)) return true;
    const giving = snapshots.policies.rolesThatMay('Person', ['change-grants', 'break-glass']);
    return grants.some(({ role, system }) => system === '*' && giving.has(role));
  }

  /** Who a version is said to be by: the person who an administrator says a user of this machine is. */
  async authorOf(actor: string): Promise<string> {
    if (!actor.startsWith('local:')) return actor;
    const { people } = this.#control.installation.store;
    const same = await people.byLocalUser(actor.slice('local:'.length));
    return same ? `person:${same.id}` : actor;
  }

  /** Every actor who is, or may be, the same human as this one. */
  partiesOf(actor: string): Promise<string[]> {
    return this.#humans.partiesOf(actor);
  }

  /**
   * Whether an actor is, or may be, the same human as one of these: a service account is who keeps it, and who lately made or
   * opened an account, on either side, could be in it.
   */
  async isParty(actor: string, behind: readonly string[]): Promise<boolean> {
    return this.#meet(await this.#behind([actor]), await this.#behind(behind));
  }

  /** Whether an actor is, or may be, who another is, also by an account that the other lately made or opened. */
  async couldBe(actor: string, other: string): Promise<boolean> {
    return this.#meet(await this.#behind([actor]), await this.partiesOf(other));
  }

  #meet(some: readonly string[], others: readonly string[]): boolean {
    const all = new Set(others);
    return all.has(ANYONE) || some.some((one) => one === ANYONE || all.has(one));
  }

  /**
   * Actors to whom a person owes it, since a short while, that they can approve at all: who gave them the role, made or
   * opened their account, or made a link that takes it over; and who lately made these in turn.
   */
  async beholdenTo(personId: string): Promise<string[]> {
    const own = `person:${personId}`;
    const owed = await this.#follow([own], (one) =>
      this.#makersOf(one, MAKING, one === own ? APPROVING : MAKING_APPROVERS),
    );
    owed.delete(own);
    return [...owed];
  }

  /** Every actor that is the same human as one of these, and who lately made or opened their accounts: they could be theirs. */
  async #behind(actors: readonly string[]): Promise<string[]> {
    const parties = (await Promise.all(actors.map((one) => this.partiesOf(one)))).flat();
    const people = [...new Set(parties.filter((one) => one.startsWith('person:')))];
    const makers = await this.#follow(people, (one) => this.#makersOf(one, LETTING_IN));
    return [...new Set([...parties, ...makers])];
  }

  /** Who made some people, and who made these in turn. Where there are more than are followed, it could be anyone. */
  async #follow(
    people: readonly string[],
    makersOf: (one: string) => Promise<string[]>,
  ): Promise<Set<string>> {
    const all = new Set<string>();
    const followed = new Set(people);
    for (let next = people; next.length > 0; ) {
      if (followed.size - people.length > FOLLOWED_MAX) return all.add(ANYONE);
      const makers = (await Promise.all(next.map(makersOf))).flat();
      for (const one of makers) all.add(one);
      next = [...new Set(makers)].filter((one) => one.startsWith('person:') && !followed.has(one));
      for (const one of next) followed.add(one);
    }
    return all;
  }

  /**
   * Who lately made a person what they are, or could be them.
   * @param group of the actions that a role is given for: a role counts that lets them do one of these that they could not do
   *   for long
   */
  async #makersOf(own: string, types: readonly AskedType[], group = ''): Promise<string[]> {
    const { store, state } = this.#control.installation;
    const since = new Date(clock.nowMs() - COOLING_OFF_MS).toISOString();
    const held = group === '' ? [] : await store.people.grants(clock.nowIso(), own);
    const gives = this.#givesNew(held, since, group);
    const makers = new Set<string>();
    for (const event of (await state.said()).about(own, types, since)) {
      if (event.type === 'grant-given' && !gives(String(event.data['role']))) continue;
      for (const maker of await this.#whoDid(event)) {
        if (!PARTY.test(maker) || maker === own) continue;
        for (const party of await this.partiesOf(maker)) makers.add(party);
      }
    }
    return [...makers];
  }

  /** Which roles permit an action of a group that none of the roles permits that were held since before a time. */
  #givesNew(held: readonly GrantRow[], since: string, group: string): (role: string) => boolean {
    const { policies } = this.#control.snapshots;
    // A role on one system approves nothing of the organisation's, and lets nobody in: a later one on everything is new.
    const long = held.filter(({ system, createdAt }) => system === '*' && createdAt < since);
    const fresh = actionsOf(group)
      .map((action) => policies.rolesThatMay('Person', [action]))
      .filter((roles) => !long.some(({ role }) => roles.has(role)));
    return (role) => fresh.some((roles) => roles.has(role));
  }

  /** Whose doing an event of {@link MAKING} is. */
  async #whoDid({ type, actor, subject, data }: SallyportEvent): Promise<string[]> {
    if (type === 'setup-link-used' || type === 'provider-link-used') return [String(data['maker'])];
    if (type !== 'person-changed') return [actor];
    if (actor !== 'identity-provider' || typeof data['linked'] !== 'string') return [];
    return this.#humans.whoProvisioned(subject.slice('person:'.length), data['scimId']);
  }
}
