import { LEVEL } from '@sallyport/access';
import { clock } from '@sallyport/core';
import { INVOKE, policySchema, type Target } from '@sallyport/policy';
import type { GrantRow } from '@sallyport/store';
import type { Principal } from '../src/authorisation/authoriser.ts';
import { systemTarget } from '../src/authorisation/system-scope.ts';
import type { Identity, World } from './rights-model.ts';
import type { Moment } from './rights-rows.ts';

/** What may be done to a target, by what the principal holds and the target is: asked of the policies once. */
const asked = new Map<string, readonly string[]>();

function actionsOn({ control }: World, principal: Principal, grants: readonly GrantRow[], target: Target) {
  const id = principal.kind === 'person' ? principal.who.person.id : '';
  const held = grants.map(({ role, system, origin }) => `${role}@${system} ${origin}`).sort();
  const same = target.kind === 'person' ? { kind: 'person', own: target.id === id } : target;
  const key = JSON.stringify([principal.kind, [...new Set(held)], same]);
  const known = asked.get(key);
  if (known) return known;
  const actions = Object.entries(policySchema().actions).flatMap(([action, { appliesTo }]) =>
    action !== INVOKE &&
    appliesTo?.resourceTypes.some((type) => type.toLowerCase() === target.kind) &&
    !action.startsWith('own-') &&
    control.authoriser.mayAtBest(principal, action, target, '127.0.0.1')
      ? [action]
      : [],
  );
  asked.set(key, actions);
  return actions;
}

/** Everything that identities may do to anything of the small world, in words: `ACTION TARGET`. */
export async function rights(world: World, who: readonly Identity[]): Promise<Set<string>> {
  const { control } = world;
  const { store } = control.installation;
  const now = clock.nowIso();
  const people = (await store.people.list()).filter(({ createdBy }) => createdBy === 'test');
  const targets: Target[] = [
    { kind: 'organisation' },
    ...(await control.systems()).map((one) => systemTarget(one.name, one)),
    ...people.map(({ id }) => ({ kind: 'person', id }) as const),
    { kind: 'proposal', id: 'any', author: 'person:someone-else' },
  ];
  const held = new Set<string>();
  const add = (principal: Principal, grants: readonly GrantRow[]): void => {
    for (const target of targets)
      for (const action of actionsOn(world, principal, grants, target))
        held.add(
          `${action} ${target.kind === 'organisation' ? '' : 'name' in target ? target.name : target.id}`,
        );
  };
  for (const one of who) {
    if (one.kind === 'person') {
      const found = await store.people.byId(one.id);
      if (!found || found.disabledAt !== null) continue;
      const session = { level: LEVEL.resistant, provenAt: now } as never;
      const grants = await store.people.grants(now, `person:${one.id}`);
      add({ kind: 'person', who: { person: found, session, grants } }, grants);
      continue;
    }
    const key = await store.keys.byId(one.id);
    if (!key || key.revokedAt !== null || key.expiresAt <= now) continue;
    const program = key.program ? await store.programs.find(key.program) : null;
    if (program?.disabledAt) continue;
    for (const name of key.systems) held.add(`${INVOKE} ${name}`);
    if (!program) continue;
    const grants = await store.people.grants(now, `program:${program.id}`);
    add({ kind: 'program', known: { program, key, grants } }, grants);
  }
  return held;
}

const actorsOf = (who: readonly Identity[]): ReadonlySet<string> =>
  new Set(who.map((one) => `${one.kind}:${one.id}`));

async function proposals({ control }: World) {
  const { store } = control.installation;
  return [...(await store.inventory.sources()), ...(await store.integrations.list())];
}

/** Whether something is there that the coalition proposed: it may wait for approval. */
export async function ownPending(world: World, who: readonly Identity[]): Promise<boolean> {
  const own = actorsOf(who);
  return (await proposals(world)).some((one) => own.has(one.proposedBy));
}

/** Approvals by the coalition of what is its own. */
export async function ownApprovals(world: World, who: readonly Identity[]): Promise<string[]> {
  const own = actorsOf(who);
  return (await proposals(world)).flatMap((one) =>
    one.approvedBy !== null && own.has(one.approvedBy) && own.has(one.proposedBy)
      ? [`approved its own ${'pattern' in one ? one.pattern : one.name}`]
      : [],
  );
}

/** Whether something is approved that was not, or not then, as rows have it. */
export function approvedSince(before: Moment, now: Moment): boolean {
  const of = (moment: Moment): string[] =>
    ['data_sources', 'integrations'].flatMap((table) =>
      moment
        .get(table)!
        .filter(({ values }) => values['approved_by'] !== null)
        .map(({ values: { id, approved_by: by, approved_at: at } }) => `${id} ${by} ${at}`),
    );
  const was = new Set(of(before));
  return of(now).some((one) => !was.has(one));
}
