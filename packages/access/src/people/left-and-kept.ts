import { CodedError, clock } from '@sallyport/core';
import { ADMINISTRATOR_ROLE } from '@sallyport/policy';
import type { Connection, PersonRow, Store } from '@sallyport/store';

/**
 * Sees to it that an administrator is left who can give roles.
 * @param without a grant that is about to go @throws CodedError `conflict`
 */
export async function requireAdministrator(
  people: Store['people'],
  tx: Connection,
  without?: string,
): Promise<void> {
  for (const { id, role, system, holder, expiresAt } of await people.grants(clock.nowIso(), undefined, tx)) {
    // One that ends by itself leaves no one.
    if (role !== ADMINISTRATOR_ROLE || system !== '*' || id === without || expiresAt !== null) continue;
    const person = await people.byId(holder.replace(/^person:/, ''), tx);
    if (person?.disabledAt === null) return;
  }
  throw new CodedError('conflict', 'no one would be left to administer; make another administrator first');
}

/** Whether a provider removed somebody for good, and no administrator shut them out besides. */
export async function isRemoved(
  { provisioning }: Store,
  tx: Connection,
  { id, disabledAt, shutOutBy }: PersonRow,
): Promise<boolean> {
  return disabledAt !== null && shutOutBy === 'provider' && provisioning.isRemoved(tx, id);
}

/** The one whom SCIM keeps under an id of the provider, and who never signed on. */
export async function provisionedAs(
  { people, provisioning }: Store,
  tx: Connection,
  scimId: string,
): Promise<PersonRow | null> {
  const ids = [...(await provisioning.people(tx))].flatMap(([id, known]) => (known === scimId ? [id] : []));
  const [only] = ids;
  const person = ids.length === 1 ? await people.byId(only!, tx) : null;
  return person?.origin === 'scim' && person.externalId === null ? person : null;
}
