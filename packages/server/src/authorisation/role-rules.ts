import { LEVEL } from '@sallyport/access';
import { atOnce, clock, type Steps, tableOf } from '@sallyport/core';
import {
  type Actor,
  ADMINISTRATOR_ROLE,
  type ControlRequest,
  INVOKE,
  type PolicySet,
  personActor,
  policySchema,
  type Target,
  UNPRIVILEGED_ROLE,
} from '@sallyport/policy';

/** What asking every role about every action gave. */
export interface RoleRules {
  readonly asked: number;
  /** Answers against the rules, in words. */
  readonly broken: readonly string[];
}

const SOMEBODY = 'somebody';
const TARGETS: Readonly<Record<string, Target>> = tableOf({
  Organisation: { kind: 'organisation' },
  System: { kind: 'system', name: 'any', demo: false, dialect: 'openai' },
  Dataset: { kind: 'dataset', name: 'any', dataClasses: [] },
  Person: { kind: 'person', id: 'somebody-else' },
  Proposal: { kind: 'proposal', id: 'any', author: 'person:somebody-else' },
});

const person = (...roles: string[]): Actor => personActor({ id: SOMEBODY, name: SOMEBODY }, roles);

/**
 * Holds policies against what no role may do, whatever they say: weak factors do nothing that needs more, what is
 * dangerous needs a fresh proof, nobody approves what is theirs, programs and commands approve nothing, nobody changes
 * what they hold. Policies of an organisation's own are checked by this too.
 */
export const checkRoleRules = (policies: PolicySet): RoleRules => atOnce(roleRuleSteps(policies));

/** The same, action by action: all of them take a good part of a second. */
export function* roleRuleSteps(policies: PolicySet): Steps<RoleRules> {
  const { actions, groups } = policySchema();
  const broken: string[] = [];
  let asked = 0;
  const refuse = (
    what: string,
    over: Pick<ControlRequest, 'actor' | 'action' | 'target'> & Partial<ControlRequest>,
  ): void => {
    asked++;
    const strongest = {
      level: LEVEL.resistant,
      provenSecondsAgo: 0,
      address: '192.0.2.1',
      nowMs: clock.nowMs(),
    };
    const { allowed, policyIds } = policies.decideControl({ ...strongest, ...over });
    if (allowed) broken.push(`${what} by ${policyIds.join(', ')}`);
  };
  const all = [...policies.roles];
  for (const [action, { appliesTo }] of Object.entries(actions)) {
    if (appliesTo === undefined || action === INVOKE) continue;
    yield;
    const within = groups.get(action)!;
    for (const type of appliesTo.resourceTypes) {
      const target = TARGETS[type]!;
      if (within.includes('anything'))
        for (const role of all) {
          const actor = person(role);
          if (role !== UNPRIVILEGED_ROLE)
            refuse(`${role} may ${action} with one factor`, { actor, action, target, level: LEVEL.one });
          if (role === ADMINISTRATOR_ROLE)
            refuse(`${role} may ${action} without a passkey`, { actor, action, target, level: LEVEL.two });
          if (within.includes('dangerous'))
            refuse(`${role} may ${action} on an old proof`, { actor, action, target, provenSecondsAgo: 301 });
        }
      const everything = { id: SOMEBODY, name: SOMEBODY, roles: all } as const;
      if (within.includes('approve')) {
        const own: Target = { kind: 'proposal', id: 'any', author: `person:${SOMEBODY}` };
        refuse(`an author may ${action}`, { actor: person(...all), action, target: own });
        refuse(`a program may ${action}`, { actor: { kind: 'program', ...everything }, action, target });
        refuse(`a command may ${action}`, { actor: { kind: 'local', name: SOMEBODY }, action, target });
      }
      if (within.includes('administer')) {
        refuse(`a program may ${action}`, { actor: { kind: 'program', ...everything }, action, target });
        if (type === 'Person')
          refuse(`a person may ${action} of themselves`, {
            actor: person(...all),
            action,
            target: { kind: 'person', id: SOMEBODY },
          });
      }
    }
  }
  return { asked, broken };
}
