import type { NewGrant } from '@sallyport/access';
import type { Target } from '@sallyport/policy';
import type { Control } from '../control.ts';
import type { Principal } from './authoriser.ts';

/**
 * Until when somebody may do something, in milliseconds: for good, or as long as the roles last that they hold for a
 * time. What they hand on meanwhile lasts no longer.
 */
export function untilMs(
  { authoriser }: Pick<Control, 'authoriser'>,
  principal: Principal,
  action: string,
  targets: readonly Target[],
  address: string,
): number {
  if (principal.kind === 'local') return Number.POSITIVE_INFINITY;
  const grants = principal.kind === 'person' ? principal.who.grants : principal.known.grants;
  const lasting = grants.filter(({ expiresAt }) => expiresAt === null);
  if (lasting.length === grants.length) return Number.POSITIVE_INFINITY;
  const without: Principal =
    principal.kind === 'person'
      ? { kind: 'person', who: { ...principal.who, grants: lasting } }
      : { kind: 'program', known: { ...principal.known, grants: lasting } };
  if (targets.every((target) => authoriser.mayAtBest(without, action, target, address)))
    return Number.POSITIVE_INFINITY;
  return Math.max(...grants.map(({ expiresAt }) => (expiresAt === null ? 0 : Date.parse(expiresAt))));
}

/** Roles to give, none of which outlasts the right to give it. @param action by which they are given */
export function lastingGrants<G extends NewGrant>(
  control: Control,
  principal: Principal,
  action: string,
  grants: readonly G[],
  address: string,
): G[] {
  // Asked about the organisation, whoever is given the role: only roles on everything give roles.
  const until = untilMs(control, principal, action, [{ kind: 'organisation' }], address);
  if (until === Number.POSITIVE_INFINITY) return [...grants];
  // What emergency access hands on is emergency access: who gets it makes no approver either.
  const emergency =
    principal.kind === 'person' && principal.who.grants.some(({ origin }) => origin === 'break-glass');
  return grants.map((grant) => ({
    ...grant,
    emergency,
    expiresAt: new Date(
      Math.min(until, grant.expiresAt === undefined ? until : Date.parse(grant.expiresAt)),
    ).toISOString(),
  }));
}
