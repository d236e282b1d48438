import { LEVEL } from '@sallyport/access';
import { clock, type SallyportEvent } from '@sallyport/core';
import {
  type ControlRequest,
  groupsOfAction,
  type PolicySet,
  personActor,
  policySchema,
  type Target,
} from '@sallyport/policy';
import type { Connection } from '@sallyport/store';
import type { Control } from '../control.ts';
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
/** Actors who could profit; others speak for this installation or its identity provider. */
const PARTY = /^(?:person|program|local):/;

const known = new Map<string, WeakMap<PolicySet, ReadonlySet<string>>>();

/** Roles with which a person could do something of a group of actions. */
function rolesWith(policies: PolicySet, group: string, targets: readonly Target[]): ReadonlySet<string> {
  const cache = known.get(group) ?? new WeakMap<PolicySet, ReadonlySet<string>>();
  known.set(group, cache);
  const before = cache.get(policies);
  if (before) return before;
  const actions = Object.keys(policySchema().actions).filter((action) =>
    groupsOfAction(action)?.includes(group),
  );
  const may = (role: string, action: string, target: Target): boolean =>
    policies.decideControl({
      actor: personActor({ id: 'anyone', name: 'anyone' }, [role]),
      action,
      target,
      level: LEVEL.resistant,
      provenSecondsAgo: 0,
      address: '',
      nowMs: clock.nowMs(),
    }).allowed;
  const roles = new Set(
    [...policies.roles].filter((role) =>
      actions.some((action) => targets.some((target) => may(role, action, target))),
    ),
  );
  cache.set(policies, roles);
  return roles;
}

/** Roles with which a person could approve something. */
export const approvingRoles = (policies: PolicySet): ReadonlySet<string> =>
  rolesWith(policies, 'approve', [{ kind: 'proposal', id: 'any', author: 'person:anyone-else' }]);

/** Roles with which a person could make an approver, or take one over. */
const makingRoles = (policies: PolicySet): ReadonlySet<string> =>
  rolesWith(policies, 'administer', [{ kind: 'organisation' }, { kind: 'person', id: 'anyone-else' }]);

/** People that are followed from an approver to those who made them, and those who made these. */
const FOLLOWED_MAX = 100;

/** Who is one human under several names, and who lately made an approver: an approval needs another pair of eyes. */
export class FourEyes {
  readonly #control: Control;
  readonly #humans: Humans;

  constructor(control: Control) {
    this.#control = control;
    this.#humans = new Humans(() => control.installation.store);
  }

  /** Adds to a request what four eyes need to know: who is the same human as an author, and whom an approver owes. */
  async see(request: ControlRequest): Promise<ControlRequest> {
    const { actor, action, target } = request;
    if (target.kind !== 'proposal' || !(groupsOfAction(action) ?? []).includes('approve')) return request;
    const parties = await this.partiesOf(target.author);
    if (actor.kind !== 'person') return { ...request, target: { ...target, parties } };
    const beholden = await this.beholdenTo(actor.id);
    return { ...request, target: { ...target, parties }, actor: { ...actor, beholden } };
  }

  /** Whether these roles make approvers, or a program that could. */
  makesApprovers(grants: readonly { readonly role: string }[]): boolean {
    const { policies } = this.#control.snapshots;
    const approving = approvingRoles(policies);
    const keeping = (role: string): boolean =>
      policies.decideControl({
        actor: { kind: 'program', id: 'any', name: 'any', roles: [role] },
        action: 'provision-people',
        target: { kind: 'organisation' },
        level: 0,
        provenSecondsAgo: 0,
        address: '',
        nowMs: clock.nowMs(),
      }).allowed;
    return grants.some(({ role }) => approving.has(role) || keeping(role));
  }

  /** Whether somebody holds a role that makes them an approver. */
  async isApprover(holder: string, tx?: Connection): Promise<boolean> {
    const { people } = this.#control.installation.store;
    return this.makesApprovers(await people.grants(clock.nowIso(), holder, tx));
  }

  /** Whether somebody approves, or gives roles. */
  async isPowerful(holder: string, tx?: Connection): Promise<boolean> {
    if (await this.isApprover(holder, tx)) return true;
    const { authoriser, installation } = this.#control;
    const grants = await installation.store.people.grants(clock.nowIso(), holder, tx);
    const person = await installation.store.people.byId(holder.replace(/^person:/, ''), tx);
    if (!person) return false;
    const who = { person, grants, session: { level: LEVEL.resistant, provenAt: clock.nowIso() } } as never;
    return authoriser.mayAtBest({ kind: 'person', who }, 'change-grants', { kind: 'organisation' }, '');
  }

  /** Who a version is said to be by: the person who an administrator says a user of this machine is. */
  async authorOf(actor: string): Promise<string> {
    if (!actor.startsWith('local:')) return actor;
    const { people } = this.#control.installation.store;
    const same = await people.byLocalUser(actor.slice('local:'.length));
    return same ? `person:${same.id}` : actor;
  }

  /** Every actor who is, or may be, the same human as this one. */
  async partiesOf(actor: string): Promise<string[]> {
    await this.#control.installation.flush();
    return this.#humans.partiesOf(actor);
  }

  /**
   * Actors to whom a person owes it, since a short while, that they can approve at all: who gave them the role, made or
   * opened their account, or made a link that takes it over; and who lately made these in turn.
   */
  async beholdenTo(personId: string): Promise<string[]> {
    await this.#control.installation.flush();
    const { policies } = this.#control.snapshots;
    const own = `person:${personId}`;
    const owed = new Set<string>();
    const followed = new Set([own]);
    let roles = approvingRoles(policies);
    for (let next = [own]; next.length > 0 && followed.size < FOLLOWED_MAX; ) {
      const makers = (await Promise.all(next.map((one) => this.#makersOf(one, roles)))).flat();
      for (const one of makers) owed.add(one);
      next = [...new Set(makers)].filter((one) => one.startsWith('person:') && !followed.has(one));
      for (const one of next) followed.add(one);
      roles = makingRoles(policies);
    }
    owed.delete(own);
    return [...owed];
  }

  /** Who lately gave somebody one of these roles, or could be them. */
  async #makersOf(own: string, roles: ReadonlySet<string>): Promise<string[]> {
    const { store } = this.#control.installation;
    const since = new Date(clock.nowMs() - COOLING_OFF_MS).toISOString();
    const held = await store.people.grants(clock.nowIso(), own);
    const longHeld = held.some(({ role, createdAt }) => roles.has(role) && createdAt < since);
    const makers = new Set<string>();
    for (const event of await store.events.about(own, MAKING, since)) {
      if (event.type === 'grant-given' && (longHeld || !roles.has(String(event.data['role'])))) continue;
      for (const maker of await this.#whoDid(event)) {
        if (!PARTY.test(maker) || maker === own) continue;
        for (const party of await this.partiesOf(maker)) makers.add(party);
      }
    }
    return [...makers];
  }

  /** Whose doing an event of {@link MAKING} is. */
  async #whoDid({ type, actor, subject, data }: SallyportEvent): Promise<string[]> {
    if (type === 'setup-link-used' || type === 'provider-link-used') return [String(data['maker'])];
    if (type !== 'person-changed') return [actor];
    if (actor !== 'identity-provider' || typeof data['linked'] !== 'string') return [];
    return this.#humans.whoProvisioned(subject.slice('person:'.length), data['scimId']);
  }
}
