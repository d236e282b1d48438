import { CodedError } from '@sallyport/core';
import { type Actor, groupsOfAction } from '@sallyport/policy';
import type { GrantRow } from '@sallyport/store';

/** Group of the actions that cannot be undone, or weaken what protects: the schema of the policies says which they are. */
const IRREVERSIBLE = 'irreversible';
/** Why such an action is refused. */
export const EMERGENCY_REFUSAL =
  'emergency access destroys and weakens nothing; revoke, shut out, suspend or enforce, and leave this to an administrator';

/** Whether emergency access gave a role, to whoever took it or on to another. */
export const isOfEmergency = ({ origin }: GrantRow): boolean => origin === 'break-glass';

/**
 * Whoever asks, as policies see them. What cannot be undone is done with roles that last, where those permit it: else a role
 * that somebody is given in an emergency would keep them from what they may anyway.
 * @param held all that they hold @param make the actor with these roles @param may whether that actor may
 */
export function actorHolding(
  held: readonly GrantRow[],
  action: string,
  make: (grants: readonly GrantRow[]) => Actor,
  may: (actor: Actor) => boolean,
): Actor {
  const actor = make(held);
  if (!held.some(isOfEmergency) || !(groupsOfAction(action) ?? []).includes(IRREVERSIBLE)) return actor;
  const own = make(held.filter((grant) => !isOfEmergency(grant)));
  return may(own) ? own : actor;
}

/**
 * Refuses a key of a service account that holds more than an emergency gave it: by that key the account would do what
 * emergency access may not. @throws CodedError `not-permitted`
 */
export function requireOfEmergency(grants: readonly GrantRow[]): void {
  if (!grants.every(isOfEmergency))
    throw new CodedError(
      'not-permitted',
      `${EMERGENCY_REFUSAL}; nor does it make keys of a service account that was there before`,
    );
}
