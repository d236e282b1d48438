import { CodedError, clock, newEvent, newId, type SallyportEvent } from '@sallyport/core';
import type { Connection, GrantRow, PersonRow, Store } from '@sallyport/store';
import { shownName } from './home.ts';

/** Longest a grant that ends by itself may last. */
const GRANT_MS_MAX = 366 * 86_400_000;

/** A role to give: on one system, or on all (`*`). */
export interface NewGrant {
  readonly role: string;
  readonly system?: string | undefined;
  /** When it ends by itself, ISO 8601; never when absent. */
  readonly expiresAt?: string | undefined;
  /** Given by emergency access: its holder is bound as whoever took that is. */
  readonly emergency?: boolean;
}

/** A person to add. */
export function newPerson(name: string, createdBy: string, more: Partial<PersonRow>): PersonRow {
  const now = clock.nowIso();
  return {
    id: newId('per'),
    name,
    email: null,
    password: null,
    passwordChangedAt: more.password ? now : null,
    origin: 'local',
    externalId: null,
    createdAt: now,
    createdBy,
    disabledAt: null,
    ...more,
    displayName: shownName(more.displayName ?? name) || name,
  };
}

/**
 * A grant to give.
 * @param roles that some policy speaks of @param holder `person:ID` or `program:ID`
 * @throws CodedError `request-invalid`
 */
export function newGrant(
  roles: ReadonlySet<string>,
  holder: string,
  createdBy: string,
  grant: NewGrant,
  origin: GrantRow['origin'] = 'local',
): GrantRow {
  if (!roles.has(grant.role))
    throw new CodedError('request-invalid', `no policy speaks of a role \`${grant.role.slice(0, 64)}\``);
  const now = clock.nowMs();
  const ends = grant.expiresAt === undefined ? null : Date.parse(grant.expiresAt);
  if (ends !== null && !(ends > now && ends < now + GRANT_MS_MAX))
    throw new CodedError('request-invalid', 'a grant ends in the future, within a year');
  return {
    id: newId('grt', now),
    holder,
    role: grant.role,
    system: grant.system ?? '*',
    origin: grant.emergency ? 'break-glass' : origin,
    createdAt: new Date(now).toISOString(),
    createdBy,
    expiresAt: ends === null ? null : new Date(ends).toISOString(),
    lastUsedAt: null,
  };
}

/** Somebody was added. @param scimId what SCIM calls them, where it says so */
export const created = (
  actor: string,
  { id, name, origin, externalId }: PersonRow,
  scimId: string | null = null,
): SallyportEvent =>
  newEvent('person-created', {
    actor,
    subject: `person:${id}`,
    data: {
      name,
      origin,
      ...(externalId === null ? {} : { linked: externalId }),
      ...(scimId === null ? {} : { externalId: scimId }),
    },
  });

/** A role was given. */
export const given = (
  actor: string,
  { id, holder, role, system, expiresAt, origin }: GrantRow,
): SallyportEvent =>
  newEvent('grant-given', { actor, subject: holder, data: { grant: id, role, system, expiresAt, origin } });

/** Gives a role in a transaction. @param name of the holder, in words @throws CodedError `conflict` when it is held already */
export async function giveGrant(
  { people }: Store,
  tx: Connection,
  actor: string,
  name: string,
  grant: GrantRow,
): Promise<SallyportEvent> {
  await people.oneAtATime(tx);
  const held = await people.grants(clock.nowIso(), grant.holder, tx);
  if (held.some(({ role, system }) => role === grant.role && system === grant.system))
    throw new CodedError('conflict', `\`${name}\` has this role already`);
  await people.grant(tx, grant);
  return given(actor, grant);
}

/** A role was taken away. */
export const taken = (actor: string, { id, holder, role, system }: GrantRow, why: string): SallyportEvent =>
  newEvent('grant-removed', { actor, subject: holder, data: { grant: id, role, system, why } });
