import { LEVEL } from '@sallyport/access';
import { clock } from '@sallyport/core';
import {
  type Actor,
  INVOKE,
  type PolicySet,
  personActor,
  policySchema,
  type Target,
} from '@sallyport/policy';

/** One role: the rights that it gives where it is held, and what its holder may give to others. */
export interface RoleRights {
  readonly role: string;
  /** Actions that a person with a passkey and a fresh proof may do, or a program where only programs may. */
  readonly rights: readonly string[];
  /** What the holder may hand on. */
  readonly grants:
    | 'every role'
    | 'roles of groups'
    | 'every role but those that approve'
    | 'keys'
    | 'nothing';
}

const TARGETS: readonly Target[] = [
  { kind: 'organisation' },
  { kind: 'system', name: 'any', demo: false, dialect: 'openai' },
  { kind: 'dataset', name: 'any', dataClasses: [] },
  { kind: 'person', id: 'someone-else' },
  { kind: 'proposal', id: 'any', author: 'person:someone-else' },
];

/** What an actor may do at best, on anything of a kind. */
export function rightsOf(policies: PolicySet, actor: Actor): string[] {
  const { actions } = policySchema();
  return Object.entries(actions)
    .filter(
      ([action, { appliesTo }]) =>
        appliesTo !== undefined &&
        action !== INVOKE &&
        TARGETS.some(
          (target) =>
            appliesTo.resourceTypes.some((type) => type.toLowerCase() === target.kind) &&
            policies.decideControl({
              actor,
              action,
              target,
              level: LEVEL.resistant,
              provenSecondsAgo: 0,
              address: '',
              nowMs: clock.nowMs(),
            }).allowed,
        ),
    )
    .map(([action]) => action);
}

/** The lattice of rights, from the policies that decide now: every role, its rights, and what it may hand on. */
export function latticeOf(policies: PolicySet): RoleRights[] {
  return [...policies.roles].sort().map((role): RoleRights => {
    const person = rightsOf(policies, personActor({ id: 'anyone', name: 'anyone' }, [role]));
    const program = rightsOf(policies, { kind: 'program', id: 'any', name: 'any', roles: [role] });
    const rights = [...new Set([...person, ...program.filter((one) => one === 'provision-people')])];
    const hands = ((): RoleRights['grants'] => {
      if (rights.includes('change-grants')) return 'every role';
      if (rights.includes('provision-people')) return 'roles of groups';
      if (rights.includes('break-glass')) return 'every role but those that approve';
      return rights.includes('make-keys') ? 'keys' : 'nothing';
    })();
    return { role, rights: rights.sort(), grants: hands };
  });
}
