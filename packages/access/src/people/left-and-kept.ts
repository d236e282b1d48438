import { CodedError, clock, newEvent, type SallyportEvent } from '@sallyport/core';
import { ADMINISTRATOR_ROLE } from '@sallyport/policy';
import type { Connection, PersonRow, Store } from '@sallyport/store';
import { levelNeeded } from './home.ts';
import { strongest } from './strength.ts';

/**
 * Whether a person can sign in so that a role of theirs counts: with a password and a factor that it needs, or as they did
 * before through their provider. Whether they are shut out is not asked.
 */
export async function canSignIn(
  { factors, tickets }: Store,
  tx: Connection | undefined,
  { id, password, externalId }: PersonRow,
  role: string,
): Promise<boolean> {
  // A link to a provider waits until its first sign-on.
  if (externalId !== null && (await tickets.ofPerson('provider-link', id, tx)).length === 0) return true;
  if (password === null) return false;
  const own = (await factors.list(id, undefined, tx)).filter(({ confirmedAt }) => confirmedAt !== null);
  return strongest(own.map(({ kind }) => kind)) >= levelNeeded([{ role }]);
}

/**
 * Sees to it that an administrator is left who can give roles: one who can sign in, unless those who go could not either.
 * @param lost ids of people who administer no longer @param without a grant that is about to go
 * @throws CodedError `conflict`
 */
export async function requireAdministrator(
  store: Store,
  tx: Connection,
  lost: readonly string[],
  without?: string,
): Promise<void> {
  const { people } = store;
  let isAnyLeft = false;
  for (const { id, role, system, holder, expiresAt } of await people.grants(clock.nowIso(), undefined, tx)) {
    // One that ends by itself leaves no one.
    if (role !== ADMINISTRATOR_ROLE || system !== '*' || id === without || expiresAt !== null) continue;
    const person = await people.byId(holder.replace(/^person:/, ''), tx);
    if (person?.disabledAt !== null) continue;
    if (await canSignIn(store, tx, person, role)) return;
    isAnyLeft = true;
  }
  for (const id of lost) {
    const person = await people.byId(id, tx);
    if (person && (await canSignIn(store, tx, person, ADMINISTRATOR_ROLE)))
      throw new CodedError(
        'conflict',
        'no administrator who can sign in would be left; make another one first, and have them open their link and add a passkey',
      );
  }
  if (!isAnyLeft) throw new CodedError('conflict', 'no administrator would be left; make another one first');
}

/** Whether a provider removed somebody for good, and no administrator shut them out besides. */
export async function isRemoved(
  { provisioning }: Store,
  tx: Connection,
  { id, disabledAt, shutOutBy }: PersonRow,
): Promise<boolean> {
  return disabledAt !== null && shutOutBy === 'provider' && provisioning.isRemoved(tx, id);
}

/**
 * Whether an account gives way to the one that SCIM keeps of the same person: it was removed for good, or a sign-on made it
 * and it holds nothing but roles of groups. What an administrator gave stays with the account that it was given to.
 */
export async function givesWay(store: Store, tx: Connection, person: PersonRow): Promise<boolean> {
  if (await isRemoved(store, tx, person)) return true;
  if (person.origin !== 'oidc' || person.disabledAt !== null) return false;
  const held = await store.people.grants(clock.nowIso(), `person:${person.id}`, tx);
  return held.every(({ origin }) => origin === 'oidc');
}

/**
 * The one whom SCIM keeps under an id of the provider, and who never signed on.
 * @param before the account of who signs on @throws CodedError `conflict` where they have none, and the id is that of several
 */
export async function provisionedAs(
  { people, provisioning }: Store,
  tx: Connection,
  scimId: string,
  before: PersonRow | null,
): Promise<PersonRow | null> {
  const ids = [...(await provisioning.people(tx))].flatMap(([id, known]) => (known === scimId ? [id] : []));
  const [only] = ids;
  // A new account would be in, whichever of them leaves.
  if (ids.length > 1 && before === null)
    throw new CodedError(
      'conflict',
      `the identity provider keeps ${ids.length} people here under the id by which you sign on; each needs an \`externalId\` of their own`,
    );
  const person = ids.length === 1 ? await people.byId(only!, tx) : null;
  return person?.origin === 'scim' && person.externalId === null ? person : null;
}

/** Says that an account is of a person of whom SCIM keeps another, under this id. @returns an event where it is so */
export async function twofold(
  { provisioning }: Store,
  tx: Connection,
  { id, name }: PersonRow,
  scimId: string | null,
): Promise<SallyportEvent[]> {
  if (scimId === null) return [];
  const kept = [...(await provisioning.people(tx))];
  if (!kept.some(([other, known]) => known === scimId && other !== id)) return [];
  const about = { actor: 'identity-provider', subject: `person:${id}` };
  return [newEvent('person-changed', { ...about, data: { name, knownAs: scimId } })];
}
