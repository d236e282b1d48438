/**
 * What decides last. Authorisation by Cedar policies (https://www.cedarpolicy.com), at the gateway and at the control
 * plane: load, validate, test, decide, explain; deny by default. Business rules over what systems are asked and decide,
 * as CEL conditions (https://cel.dev). A set that does not validate, or fails the tests beside it, never loads.
 *
 * Call first: {@link PolicySet.load}.
 * Do not trust it with: knowing who somebody is. It is told; `access` finds out.
 */
export {
  ConditionError,
  type ConditionFinding,
  ConditionSet,
  type Facts,
  type SystemConditions,
} from './condition-set.ts';
export {
  type Decision,
  defaultPolicyText,
  NEVER_OF_PROGRAMS,
  type Policy,
  PolicySet,
  shippedWith,
} from './policy-set.ts';
export {
  decideTest,
  type PolicyTest,
  type PolicyTestResult,
  policyTestSchema,
  readPolicyTests,
  requestOf,
  requirePolicyTests,
  runPolicyTests,
} from './policy-tests.ts';
export {
  type Actor,
  ADMINISTRATOR_ROLE,
  actorText,
  type ControlRequest,
  type DatasetFacts,
  type GatewayRequest,
  personActor,
  type SystemFacts,
  type Target,
  UNPRIVILEGED_ROLE,
  type UnknownSystem,
} from './question.ts';
export { groupsOfAction, INVOKE, policySchema } from './schema.ts';
