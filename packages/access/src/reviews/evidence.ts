import { hash } from 'node:crypto';
import { clock, newId, type SallyportEvent } from '@sallyport/core';
import type { GrantRow, PersonRow, ProgramRow, ReviewItemRow } from '@sallyport/store';

const DAY_MS = 86_400_000;

/** Who holds roles, as reviewers see them. */
export interface Holders {
  readonly people: readonly PersonRow[];
  readonly programs: readonly ProgramRow[];
}

/** Roles of which nobody should hold two on one system: who makes changes and who approves them. */
const APART = [
  ['operator', 'approver'],
  ['administrator', 'approver'],
] as const;

const days = (since: string): number => Math.floor((clock.nowMs() - Date.parse(since)) / DAY_MS);

/** Why a grant should go, in words; null when nothing speaks against it. */
function against(
  grant: GrantRow,
  all: readonly GrantRow[],
  holders: Holders,
  unusedDays: number,
): string | null {
  const [kind, id] = grant.holder.split(':') as [string, string];
  const person = kind === 'person' ? holders.people.find((one) => one.id === id) : undefined;
  const program = kind === 'program' ? holders.programs.find((one) => one.id === id) : undefined;
  if (!person && !program) return 'its holder is gone';
  if ((person ?? program)!.disabledAt !== null) return 'its holder is shut out';
  if (program) {
    const owner = holders.people.find((one) => one.id === program.owner);
    if (!owner || owner.disabledAt !== null) return 'the program has no owner';
  }
  const idle = days(grant.lastUsedAt ?? grant.createdAt);
  if (idle >= unusedDays / 2)
    return grant.lastUsedAt === null ? `never used in ${idle} days` : `not used for ${idle} days`;
  for (const pair of APART) {
    const other = pair.find((role) => role !== grant.role);
    const meets = (one: GrantRow): boolean =>
      one.system === '*' || grant.system === '*' || one.system === grant.system;
    if (
      (pair as readonly string[]).includes(grant.role) &&
      all.some((one) => one.holder === grant.holder && one.role === other && meets(one))
    )
      return `its holder is ${other} too: who changes should not approve`;
  }
  return null;
}

/** `person:ID` or `program:ID` by name; others as they are. */
function nameOf({ people, programs }: Holders, actor: string): string {
  const id = actor.replace(/^(?:person|program):/, '');
  return [...people, ...programs].find((one) => one.id === id)?.name ?? actor;
}

/** Items of a review of roles: each with what is known of it, and what that suggests. */
export function grantItems(
  reviewId: string,
  grants: readonly GrantRow[],
  holders: Holders,
  unusedDays: number,
): ReviewItemRow[] {
  return grants.map((grant) => {
    const why = against(grant, grants, holders, unusedDays);
    const { role, system, origin, createdAt, createdBy, expiresAt, lastUsedAt } = grant;
    return {
      ...undecided(reviewId, grant.id, grant.holder),
      evidence: {
        name: nameOf(holders, grant.holder),
        role,
        system,
        origin,
        givenAt: createdAt,
        givenBy: nameOf(holders, createdBy),
        expiresAt,
        lastUsedAt,
      },
      suggestion: why === null ? null : { decision: 'remove', why },
    };
  });
}

/** Items over events of the access log. */
export const eventItems = (reviewId: string, events: readonly SallyportEvent[]): ReviewItemRow[] =>
  events.map(({ id, type, at, actor, subject, data }) => ({
    ...undecided(reviewId, id, actor),
    evidence: { type, at, actor, subject, ...data },
    suggestion: null,
  }));

const undecided = (reviewId: string, subject: string, holder: string) => ({
  id: newId('rvi'),
  reviewId,
  subject,
  holder,
  decision: null,
  reason: null,
  decidedBy: null,
  decidedAt: null,
});

/**
 * Chooses some ids of many by chance that anybody can repeat: those whose SHA-256 with the seed before them is least.
 * @param seed unknown to everybody when the ids came to be
 */
export function chosenBySeed(seed: string, ids: readonly string[], count: number): string[] {
  return ids
    .map((id) => ({ id, rank: hash('sha256', `${seed}\n${id}`, 'hex') }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, count)
    .map(({ id }) => id);
}
