/**
 * What decides last. Authorisation by Cedar policies (https://www.cedarpolicy.com): load, validate, decide, explain;
 * deny by default. Business rules over what systems are asked and decide, as CEL conditions (https://cel.dev). A set
 * that does not validate never loads.
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
export { type Decision, defaultPolicyText, PolicySet, type Request } from './policy-set.ts';
