import { type HandedOn, LEVEL } from '@sallyport/access';
import { CodedError, clock } from '@sallyport/core';
import type { Connection, GrantRow } from '@sallyport/store';
import type { Control } from '../control.ts';
import type { Principal } from './authoriser.ts';
import { inEmergency, lastsUntilMs, untilMs } from './lasting.ts';

const endOf = ({ expiresAt }: GrantRow): number =>
  expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);

/**
 * Until when somebody may let others into an account, in milliseconds; 0 where they may not. Asked when a link is made and
 * each time that it is used: what its maker may no longer, it does no longer. Emergency access lets no one into an account
 * that was there before, and a role that ends into none that approves or gives roles for longer.
 */
export async function handsOnUntilMs(
  { authoriser, fourEyes, installation }: Control,
  { maker, personId, added, address }: HandedOn,
  tx?: Connection,
): Promise<number> {
  const [kind, id = ''] = maker.split(/:(.*)/s);
  // Commands are let in by the socket of this machine. No program adds people who choose a password.
  if (kind === 'program') return 0;
  if (kind !== 'person') return Number.POSITIVE_INFINITY;
  const { people } = installation.store;
  const now = clock.nowIso();
  const person = await people.byId(id, tx);
  if (person === null || person.disabledAt !== null) return 0;
  const theirs = await people.grants(now, `person:${personId}`, tx);
  const passing = added && theirs.every(({ origin }) => origin === 'break-glass');
  const grants = (await people.grants(now, maker, tx)).filter(
    ({ origin }) => passing || origin !== 'break-glass',
  );
  const powerful = !passing && (await fourEyes.isPowerful(`person:${personId}`, tx));
  const session = { level: LEVEL.resistant, provenAt: now };
  const principal = { kind: 'person', who: { person, grants, session } } as unknown as Principal;
  const actions = powerful ? ['add-people', 'make-approvers'] : ['add-people'];
  const target = { kind: 'person', id: personId } as const;
  const until = await lastsUntilMs(principal, (one) =>
    actions.every((action) => authoriser.mayAtBest(one, action, target, address)),
  );
  return powerful && theirs.some((grant) => endOf(grant) > until) ? 0 : until;
}

/**
 * Lets pass who may let somebody in again who was shut out, a person or a program. What they did before they can do again,
 * with passwords, factors and keys of then: emergency access lets no one in, and a role that ends no one who approves or
 * gives roles for longer.
 * @param holder `person:ID` or `program:ID` @throws CodedError `not-permitted` and its kin
 */
export async function requireLettingIn(
  control: Control,
  principal: Principal,
  holder: string,
  address: string,
): Promise<void> {
  const { authoriser, fourEyes, installation } = control;
  const powerful = await fourEyes.isPowerful(holder);
  if (!powerful && !inEmergency(principal)) return;
  const id = /^person:(.+)$/s.exec(holder)?.[1];
  const target = id === undefined ? ({ kind: 'organisation' } as const) : ({ kind: 'person', id } as const);
  await authoriser.require(principal, 'make-approvers', target, address, true);
  const until = await untilMs(control, principal, 'make-approvers', [target], address);
  const theirs = await installation.store.people.grants(clock.nowIso(), holder);
  if (theirs.some((grant) => endOf(grant) > until))
    throw new CodedError('not-permitted', 'no role of yours that lasts lets others into this account');
}
