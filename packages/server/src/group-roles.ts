import { CodedError, type Config, clock } from '@sallyport/core';
import type { GrantRow, GroupRow } from '@sallyport/store';
import type { Control } from './control.ts';
import { log } from './log.ts';

const WHY = 'no group gives it any more';

/** A role as the configuration writes it. */
const textOf = ({ role, system }: GrantRow): string => (system === '*' ? role : `${role}@${system}`);

/** Which roles the groups that SCIM keeps, or some group of the provider, give still. */
function given(
  { groupRoles, signOn }: Config['access'],
  groups: readonly GroupRow[],
): (one: GrantRow) => boolean {
  const ofProvider = new Set(Object.values(signOn?.roles ?? {}).flat());
  const ofMembers = new Set<string>();
  for (const { name, members } of groups)
    for (const text of Object.hasOwn(groupRoles, name) ? groupRoles[name]! : [])
      for (const id of members) ofMembers.add(`person:${id} ${text}`);
  return (grant) =>
    grant.origin === 'oidc'
      ? ofProvider.has(textOf(grant))
      : grant.origin !== 'scim' || ofMembers.has(`${grant.holder} ${textOf(grant)}`);
}

/** Roles that groups are said to give and that no policy speaks of, as `access.groupRoles: ROLE of GROUP`: they are given to no one. */
export function unknownRoles({ config: { access }, snapshots }: Control): string[] {
  const { roles } = snapshots.policies;
  const named = {
    'access.groupRoles': access.groupRoles,
    'access.signOn.roles': access.signOn?.roles ?? {},
  };
  return Object.entries(named).flatMap(([where, groups]) =>
    Object.entries(groups).flatMap(([group, texts]) =>
      texts.flatMap((text) => (roles.has(text.split('@')[0]!) ? [] : [`${where}: ${text} of ${group}`])),
    ),
  );
}

/**
 * Takes away roles that came of groups, and that none gives any more since the configuration says otherwise. The last
 * administrator stays.
 * @param starting a server that starts without any such settings may have been started beside its configuration: then what
 *   they gave stays until a reload
 * @returns how many
 */
export async function takeAwayUngiven(control: Control, starting = false): Promise<number> {
  const { accounts, config, installation } = control;
  const { store } = installation;
  const { access } = config;
  const isKept = ({ origin }: GrantRow): boolean =>
    starting &&
    (origin === 'oidc' ? access.signOn === undefined : Object.keys(access.groupRoles).length === 0);
  const unknown = unknownRoles(control);
  if (unknown.length > 0)
    log('warn', 'groups are to give roles that no policy speaks of: no one gets them', {
      roles: unknown.join('; '),
    });
  const isGiven = given(access, await store.provisioning.groups());
  let count = 0;
  for (const grant of await store.people.grants(clock.nowIso())) {
    if (isGiven(grant) || isKept(grant)) continue;
    count += await store
      .shutOut(async (tx) => {
        await store.people.oneAtATime(tx);
        if (given(access, await store.provisioning.groups(tx))(grant)) return { result: 0, event: [] };
        const event = await accounts.directory.takeAway(tx, 'sallyport', grant.holder, grant.id, WHY);
        return { result: event.length > 0 ? 1 : 0, event };
      })
      .catch((fault: unknown) => {
        if (!(fault instanceof CodedError && fault.code === 'conflict')) throw fault;
        log('warn', 'a role that no group gives any more stays: no one else would be left to administer', {
          holder: grant.holder,
          role: textOf(grant),
        });
        return 0;
      });
  }
  return count;
}
