import type { NewGrant } from '@sallyport/access';
import { CodedError } from '@sallyport/core';
import type { Target } from '@sallyport/policy';
import type { GrantRow } from '@sallyport/store';
import type { Control } from '../control.ts';
import type { Principal } from './authoriser.ts';
import { isOfEmergency } from './emergency.ts';

/** The same principal with these grants alone. */
function holding(principal: Exclude<Principal, { kind: 'local' }>, grants: readonly GrantRow[]): Principal {
  return principal.kind === 'person'
    ? { kind: 'person', who: { ...principal.who, grants } }
    : { kind: 'program', known: { ...principal.known, grants } };
}

const grantsOf = (principal: Exclude<Principal, { kind: 'local' }>): readonly GrantRow[] =>
  principal.kind === 'person' ? principal.who.grants : principal.known.grants;

/**
 * Until when somebody may do something, in milliseconds: for good, or until the last of those roles ends that give this
 * very right. What they hand on meanwhile lasts no longer. 0 where they may not at all.
 * @param may whether a principal with other grants could do it
 */
export async function lastsUntilMs(
  principal: Principal,
  may: (one: Principal) => boolean | Promise<boolean>,
): Promise<number> {
  if (principal.kind === 'local') return Number.POSITIVE_INFINITY;
  const endOf = ({ expiresAt }: GrantRow): number =>
    expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
  const grants = grantsOf(principal);
  const ends = new Set([Number.POSITIVE_INFINITY, ...grants.map(endOf)]);
  for (const end of [...ends].sort((a, b) => (a < b ? 1 : -1))) {
    const left = grants.filter((grant) => endOf(grant) >= end);
    if (await may(holding(principal, left))) return end;
  }
  return 0;
}

/** Until when somebody may do something in every one of these places. See {@link lastsUntilMs}. */
export async function untilMs(
  { authoriser }: Pick<Control, 'authoriser'>,
  principal: Principal,
  action: string,
  targets: readonly Target[],
  address: string,
): Promise<number> {
  return lastsUntilMs(principal, (one) =>
    targets.every((target) => authoriser.mayAtBest(one, action, target, address)),
  );
}

/** Whether somebody acts in an emergency: they hold emergency access now. */
export const inEmergency = (principal: Principal): boolean =>
  principal.kind === 'person' && principal.who.grants.some(isOfEmergency);

/** What a service account that keeps people gives does not end with its role, so neither may the right to make it one. */
export const keepsForGood = (untilAtMost: number): CodedError =>
  new CodedError(
    'not-permitted',
    `this service account could give roles that outlast its own, but your right to set it up ends at ${new Date(untilAtMost).toISOString()}; ask an administrator whose own role does not end`,
  );

/**
 * Roles to give, none of which outlasts the right to give it.
 * @param action by which they are given
 * @throws CodedError `not-permitted` where a program could go on giving roles that do
 */
export async function lastingGrants<G extends NewGrant>(
  control: Control,
  principal: Principal,
  action: string,
  grants: readonly G[],
  address: string,
): Promise<G[]> {
  // Asked about the organisation, whoever is given the role: only roles on everything give roles.
  const organisation: Target[] = [{ kind: 'organisation' }];
  const actions = control.fourEyes.makesApprovers(grants) ? [action, 'make-approvers'] : [action];
  const ends = actions.map((one) => untilMs(control, principal, one, organisation, address));
  const until = Math.min(...(await Promise.all(ends)));
  if (until === Number.POSITIVE_INFINITY) return [...grants];
  if (control.fourEyes.keepsPeople(grants)) throw keepsForGood(until);
  // What emergency access hands on is emergency access: who gets it makes no approver either.
  const emergency = inEmergency(principal);
  return grants.map((grant) => ({
    ...grant,
    emergency,
    expiresAt: new Date(
      Math.min(until, grant.expiresAt === undefined ? until : Date.parse(grant.expiresAt)),
    ).toISOString(),
  }));
}
