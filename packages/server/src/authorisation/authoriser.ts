import { type KnownProgram, LEVEL, type Who } from '@sallyport/access';
import { CodedError, clock, tableOf } from '@sallyport/core';
import {
  type Actor,
  actorText,
  type ControlRequest,
  type Decision,
  groupsOfAction,
  personActor,
  type Target,
} from '@sallyport/policy';
import type { GrantRow } from '@sallyport/store';
import type { Control } from '../control.ts';
import { ChangePace } from './change-pace.ts';
import { DecisionLog } from './decision-log.ts';
import { actorHolding, EMERGENCY_REFUSAL, isOfEmergency } from './emergency.ts';
import { COOLING_OFF_MS } from './humans.ts';
import { decideOnSystem, SystemScope, systemTarget } from './system-scope.ts';

/** Who asks something of the control plane. */
export type Principal =
  | { readonly kind: 'person'; readonly who: Who }
  | { readonly kind: 'program'; readonly known: KnownProgram }
  | { readonly kind: 'local'; readonly name: string };

/** A grant notes its use no more often than this. */
const USED_EVERY_MS = 3_600_000;
const COOLING_OFF_HOURS = COOLING_OFF_MS / 3_600_000;
/** Why a safeguard refuses, where that is not plain. */
const REFUSALS = tableOf({
  'author-cannot-approve': `you made, changed or owned this under one of your accounts, or less than ${COOLING_OFF_HOURS} hours ago made or opened the account of someone who did; ask another approver`,
  'less-by-another':
    'only a person who never made, changed or owned it, nor lately made the account of someone who did, may lower its risk or drop a data class; ask another',
  'cooling-off': `its author, or who made the author's account, made you an approver or your account less than ${COOLING_OFF_HOURS} hours ago; ask another, or wait`,
  'made-by-too-many': `more accounts made each other within ${COOLING_OFF_HOURS} hours than can be followed from you or the author; ask another approver, or wait`,
  'emergency-approves-nothing': 'emergency access approves nothing, and makes no one who does',
  'emergency-destroys-nothing': EMERGENCY_REFUSAL,
  'emergency-destroys-nothing-by-program': EMERGENCY_REFUSAL,
});
const noRole = (action: string): string => `no role of yours permits \`${action}\` here`;

const refused = (action: string, { policyIds }: Decision): CodedError =>
  new CodedError('not-permitted', REFUSALS[policyIds[0] ?? ''] ?? noRole(action));

/** How a target is written in the record. */
export function targetText(target: Target): string {
  if (target.kind === 'organisation') return 'organisation';
  return `${target.kind}:${'name' in target ? target.name : target.id}`;
}

/** How whoever asks is written in the record. */
export const principalText = (principal: Principal): string =>
  principal.kind === 'person'
    ? `person:${principal.who.person.id}`
    : principal.kind === 'program'
      ? `program:${principal.known.program.id}`
      : `local:${principal.name}`;

/** Decides what people, programs and commands may do at the control plane, and records it. */
export class Authoriser {
  readonly #control: Control;
  readonly #log: DecisionLog;
  /** How fast each account may ask for what the record keeps. */
  readonly pace = new ChangePace();
  readonly #used = new Map<string, number>();

  constructor(control: Control) {
    this.#control = control;
    this.#log = new DecisionLog(control.installation.store);
  }

  /**
   * Lets whoever holds a role on a data set use it; a data set that is not known is refused alike.
   * @throws CodedError `not-permitted` and its kin
   */
  async requireDataset(principal: Principal, name: string, address: string): Promise<void> {
    const known = (await this.#control.datasets()).find((one) => one.name === name);
    const target = { kind: 'dataset', name, dataClasses: known?.dataClasses ?? [] } as const;
    await this.require(principal, 'use-datasets', target, address, true);
    if (!known) throw new CodedError('not-permitted', 'no role of yours permits `use-datasets` here');
  }

  /** Records what was gathered. */
  flush(): Promise<void> {
    return this.#log.flush();
  }

  #request(principal: Principal, action: string, target: Target, address: string): ControlRequest {
    const nowMs = clock.nowMs();
    const provenSecondsAgo =
      principal.kind === 'person'
        ? Math.max(0, Math.floor((nowMs - Date.parse(principal.who.session.provenAt)) / 1_000))
        : 0;
    const level = principal.kind === 'person' ? principal.who.session.level : 0;
    const { mastery, snapshots } = this.#control;
    const best = { action, target, level: LEVEL.resistant, provenSecondsAgo: 0, address, nowMs };
    const actor = actorHolding(
      grantsOf(principal),
      action,
      (grants) => actorOf(principal, grants, target, mastery),
      (own) => snapshots.policies.decideControl({ ...best, actor: own }).allowed,
    );
    return { actor, action, target, level, provenSecondsAgo, address, nowMs };
  }

  /** Decides, and records nothing: for lists, and for what people ask about. */
  decide(principal: Principal, action: string, target: Target, address: string): Decision {
    return decideOnSystem(
      this.#control.snapshots.policies,
      this.#request(principal, action, target, address),
    );
  }

  /** Whether somebody may do something once they have proven themselves as well as can be. */
  mayAtBest(principal: Principal, action: string, target: Target, address: string): boolean {
    const request = this.#request(principal, action, target, address);
    return decideOnSystem(this.#control.snapshots.policies, {
      ...request,
      level: LEVEL.resistant,
      provenSecondsAgo: 0,
    }).allowed;
  }

  /**
   * Lets pass what is permitted. The decision is in the record: before this resolves where something changes or is
   * refused.
   * @param changes whether something is about to change
   * Where something changes it is asked once more, just before that is made.
   * @param shutsOut whether that shuts someone out: then it does not wait for the record where that cannot be written
   * @param now what is asked about by then; the same where absent
   * @throws CodedError `not-permitted`, `proof-needed`, `factor-needed`, `rate-limited`
   */
  async require(
    principal: Principal,
    action: string,
    target: Target,
    address: string,
    changes: boolean,
    shutsOut = false,
    now: () => Promise<Target> = async () => target,
  ): Promise<void> {
    const { policies } = this.#control.snapshots;
    const asked = this.#request(principal, action, target, address);
    const request = await this.#control.fourEyes.see(asked);
    const ask = (over: Partial<ControlRequest> = {}): Decision =>
      decideOnSystem(policies, { ...request, ...over });
    const decision = ask();
    const grave = changes || !decision.allowed || (groupsOfAction(action) ?? []).includes('dangerous');
    // What shuts someone out never waits.
    if (grave && principal.kind !== 'local' && !(shutsOut && decision.allowed))
      this.pace.take(principalText(principal), request.nowMs);
    await this.#log.note(
      {
        actor: actorText(request.actor),
        action,
        resource: targetText(target),
        allowed: decision.allowed,
        policyIds: decision.policyIds,
        policies: policies.version,
        address,
      },
      new Date(request.nowMs).toISOString(),
      grave,
      shutsOut,
    );
    if (decision.allowed) {
      if (changes) this.#control.installation.store.askAgain(() => this.#askAgain(asked, now));
      return this.noteUse(principal, action, [target]);
    }
    if (principal.kind === 'person') {
      // Say what would help, but only to whom it would.
      if (ask({ provenSecondsAgo: 0 }).allowed) throw new CodedError('proof-needed');
      if (ask({ provenSecondsAgo: 0, level: LEVEL.resistant }).allowed) throw new CodedError('factor-needed');
    }
    throw refused(action, decision);
  }

  /** Asks once more, under the circumstances of then. @throws CodedError `not-permitted` */
  async #askAgain(asked: ControlRequest, now: () => Promise<Target>): Promise<void> {
    const request = await this.#control.fourEyes.see({ ...asked, target: await now() });
    const decision = decideOnSystem(this.#control.snapshots.policies, request);
    if (!decision.allowed) throw refused(asked.action, decision);
  }

  /** Which systems something is permitted on. */
  async scope(principal: Principal, action: string, address: string): Promise<SystemScope> {
    const organisation = this.decide(principal, action, { kind: 'organisation' }, address).allowed;
    const permits = (target: Target): boolean => this.decide(principal, action, target, address).allowed;
    return new SystemScope(organisation, await this.#control.systems(), permits);
  }

  /** Where something would be permitted to whoever proved themselves as well as can be: an answer may say so. */
  async bestTarget(principal: Principal, action: string, address: string): Promise<Target> {
    const known = (await this.#control.systems()).map((one) => systemTarget(one.name, one));
    return (
      known.find((target) => this.mayAtBest(principal, action, target, address)) ?? { kind: 'organisation' }
    );
  }

  /** Decides as {@link decide} does for what is answered at once, and notes the use: what is asked often fills no record. */
  async lets(principal: Principal, action: string, target: Target, address: string): Promise<boolean> {
    const { allowed } = this.decide(principal, action, target, address);
    if (allowed) await this.noteUse(principal, action, [target]);
    return allowed;
  }

  /** Notes which grants are made use of, now and then: those that could permit what they do. */
  async noteUse(principal: Principal, action: string, targets: readonly Target[]): Promise<void> {
    if (principal.kind === 'local') return;
    const now = clock.nowMs();
    const type = principal.kind === 'person' ? 'Person' : 'Program';
    const permitting = this.#control.snapshots.policies.rolesThatMay(type, [action]);
    const held = new Set(targets.flatMap((target) => rolesOn(grantsOf(principal), target)));
    const fresh = [...held]
      .filter(({ role }) => permitting.has(role))
      .map(({ id }) => id)
      .filter((id) => now - (this.#used.get(id) ?? -USED_EVERY_MS) >= USED_EVERY_MS);
    if (fresh.length === 0) return;
    if (this.#used.size > 10_000) this.#used.clear();
    for (const id of fresh) this.#used.set(id, now);
    // Only says when they were used last: nobody is kept from what they may do.
    await this.#control.installation.store.people.usedGrants(fresh, new Date(now).toISOString()).catch(() => {
      for (const id of fresh) this.#used.delete(id);
    });
  }
}

const grantsOf = (principal: Principal): readonly GrantRow[] =>
  principal.kind === 'local'
    ? []
    : principal.kind === 'person'
      ? principal.who.grants
      : principal.known.grants;

/** Grants that count where something is asked about: those on every system, and those on this one. */
export const rolesOn = (grants: readonly GrantRow[], target: Target): GrantRow[] =>
  grants.filter(({ system }) =>
    // Data needs a role on that very data set.
    target.kind === 'dataset'
      ? system === `dataset:${target.name}`
      : system === '*' || (target.kind === 'system' && target.name === system),
  );

function actorOf(
  principal: Principal,
  held: readonly GrantRow[],
  target: Target,
  mastery: Control['mastery'],
): Actor {
  if (principal.kind === 'local') return { kind: 'local', name: principal.name };
  const roles = rolesOn(held, target).map(({ role }) => role);
  if (principal.kind === 'person')
    return {
      ...personActor(
        principal.who.person,
        roles,
        held.map(({ role }) => role),
        mastery(principal.who.person.id),
      ),
      emergency: held.some(isOfEmergency),
    };
  const { id, name } = principal.known.program;
  return { kind: 'program', id, name, roles: [...new Set(roles)], emergency: held.some(isOfEmergency) };
}
