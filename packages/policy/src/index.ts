/**
 * Authorisation by Cedar policies (https://www.cedarpolicy.com): load, validate, decide, explain. Deny by
 * default; a set that does not validate never loads.
 *
 * Call first: {@link PolicySet.load}.
 * Do not trust it with: knowing who somebody is. It is told; `access` finds out.
 */
export { type Decision, defaultPolicyText, PolicySet, type Request } from './policy-set.ts';
