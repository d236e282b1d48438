import { clock } from '@sallyport/core';
import type { Connection } from '@sallyport/store';
import type { AccessHome } from '../people/home.ts';
import { canSignIn } from '../people/left-and-kept.ts';

/** A role by which a person who can sign in decides on reviews. */
export interface Decider {
  readonly grant: string;
  readonly holder: string;
  /** Whether it ends by itself. */
  readonly ends: boolean;
}

/** By which roles reviews can be decided on now. @param tx where the answer must hold until something is written */
export async function deciders({ store, decidingRoles }: AccessHome, tx?: Connection): Promise<Decider[]> {
  const { people } = store;
  const deciding = decidingRoles();
  const found: Decider[] = [];
  for (const { id, holder, role, system, expiresAt } of await people.grants(clock.nowIso(), undefined, tx)) {
    if (system !== '*' || !deciding.has(role) || !holder.startsWith('person:')) continue;
    const person = await people.byId(holder.slice('person:'.length), tx);
    if (person?.disabledAt === null && (await canSignIn(store, tx, person, role)))
      found.push({ grant: id, holder, ends: expiresAt !== null });
  }
  return found;
}

/**
 * Why a role stays though no one decided on it: no one but its holder could have, or it is the last by which reviews can
 * be decided on without an end. Null where it may lapse.
 * @param deciding as {@link deciders} gives them in the same transaction
 */
export async function undecidable(
  home: AccessHome,
  tx: Connection,
  deciding: readonly Decider[],
  { holder, subject }: { holder: string; subject: string },
): Promise<string | null> {
  const others = deciding.filter((one) => one.holder !== holder);
  if (others.length === 0) return 'no one else could decide on it';
  const isDeciding = (await home.store.people.grants(clock.nowIso(), holder, tx)).some(
    ({ id, role, system, expiresAt }) =>
      id === subject && system === '*' && expiresAt === null && home.decidingRoles().has(role),
  );
  return isDeciding && others.every(({ ends }) => ends) ? 'no one else could decide on it for good' : null;
}
