import { clock, type SallyportEvent } from '@sallyport/core';
import { ADMINISTRATOR_ROLE } from '@sallyport/policy';
import type { Connection, GrantRow } from '@sallyport/store';
import { given, type NewGrant, newGrant, taken } from './grants.ts';
import type { AccessHome } from './home.ts';
import type { PersonSessions } from './sessions.ts';

/** What came of what groups say of a person. */
export interface GroupsSaid {
  readonly events: SallyportEvent[];
  /** Whether someone who is here administers no longer by these roles: an administrator must be left then. */
  readonly isAdministratorLost: boolean;
  /** Whether some role is not given, since it was taken from them here. */
  readonly isWithheld: boolean;
}

const isSame = (one: NewGrant, { role, system }: GrantRow): boolean =>
  one.role === role && (one.system ?? '*') === system;

/**
 * Makes the roles of one origin what they should be; sessions end when that changes any. A role that a person took from them
 * stays away until no group gives it any more, or someone gives it by hand. One that no policy speaks of is not given: it
 * keeps no other from being taken.
 */
export async function setGroupGrants(
  { store: { people }, roles }: AccessHome,
  sessions: PersonSessions,
  tx: Connection,
  of: { actor: string; personId: string; wanted: readonly NewGrant[]; origin: GrantRow['origin'] },
): Promise<GroupsSaid> {
  const { actor, personId, wanted, origin } = of;
  const holder = `person:${personId}`;
  const isWanted = (grant: GrantRow): boolean => wanted.some((want) => isSame(want, grant));
  const ofOrigin = (grants: readonly GrantRow[]): GrantRow[] =>
    grants.filter((grant) => grant.origin === origin);
  const held = ofOrigin(await people.grants(clock.nowIso(), holder, tx));
  const withheld = ofOrigin(await people.withheld(tx, holder));
  const events: SallyportEvent[] = [];
  const over = held.filter((grant) => !isWanted(grant));
  const isHere = (await people.byId(personId, tx))?.disabledAt === null;
  for (const grant of over) {
    await people.ungrant(tx, grant.id);
    events.push(taken(actor, grant, 'groups changed'));
  }
  const isThere = (want: NewGrant): boolean => [...held, ...withheld].some((grant) => isSame(want, grant));
  for (const want of wanted.filter((one) => !isThere(one) && roles().has(one.role))) {
    const grant = newGrant(roles(), holder, actor, want, origin);
    await people.grant(tx, grant);
    events.push(given(actor, grant));
  }
  const ended =
    events.length > 0 ? await sessions.end(tx, actor, holder, { personId }, 'roles changed') : null;
  if (ended) events.push(ended);
  for (const grant of withheld.filter((one) => !isWanted(one))) {
    await people.ungrant(tx, grant.id);
    events.push(taken(actor, grant, 'was taken before, and no group gives it any more'));
  }
  return {
    events,
    isAdministratorLost: isHere && over.some(({ role }) => role === ADMINISTRATOR_ROLE),
    isWithheld: withheld.some(isWanted),
  };
}
