import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuthorizationAnswer, StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs';
import { CodedError } from '@sallyport/core';
import { engineGeneration, requireShallow, withCedar } from './engine.ts';
import { couldPermit, rolesOf } from './possible.ts';
import {
  type ControlRequest,
  controlQuestion,
  type EntityUid,
  type GatewayRequest,
  gatewayQuestion,
  type Question,
} from './question.ts';
import { namesIn, readable } from './reading.ts';
import { groupsOfAction, type Plane, POLICY_FOLDER, planeOf, policySchema, SCHEMAS } from './schema.ts';

/** Decisions kept for one key; the oldest goes when one more comes. */
const CACHE_MAX = 1_000;
/** Decisions of the control plane kept. */
const CONTROL_CACHE_MAX = 10_000;

/** The policies that may matter to a kind of question, as the engine knows them. */
interface Slice {
  readonly name: string;
  /** Every name in them: what is not named is not looked at. */
  readonly names: ReadonlySet<string>;
}
const MINUTE_MS = 60_000;

/** The answer, and the policies it rests on. */
export interface Decision {
  readonly allowed: boolean;
  readonly policyIds: readonly string[];
}

/** One policy of a set. */
export interface Policy {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly text: string;
  /** Where it decides: wherever its words mean something. */
  readonly planes: readonly Plane[];
}

const cedarFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.cedar'))
    .sort();

/** The policies that ship with the product, with those of a folder behind them. @throws CodedError `policy-invalid` */
export function defaultPolicyText(folder?: string): string {
  const texts = cedarFiles(POLICY_FOLDER).map((name) => readFileSync(join(POLICY_FOLDER, name), 'utf8'));
  if (folder !== undefined) {
    let names: string[];
    try {
      names = cedarFiles(folder);
    } catch (cause) {
      throw new CodedError('policy-invalid', `the policy folder \`${folder}\` cannot be read`, { cause });
    }
    for (const name of names) texts.push(`// ${name}\n${readFileSync(join(folder, name), 'utf8')}`);
  }
  return texts.join('\n');
}

/** The policies that ship with the product, with others behind them. */
export const shippedWith = (more: string): string => `${defaultPolicyText()}\n${more}`;

/** To what a policy applies at all, as its syntax tree says. */
interface Scope {
  readonly op: 'All' | '==' | 'in' | 'is';
  readonly entity?: EntityUid;
  readonly entities?: readonly EntityUid[];
  readonly entity_type?: string;
}

const PLANES: readonly Plane[] = ['gateway', 'control'];

let shipped: ReadonlyMap<string, Plane> | null = null;

/** Where each policy that ships decides, by its text. */
function shippedPlanes(): ReadonlyMap<string, Plane> {
  shipped ??= new Map(
    cedarFiles(POLICY_FOLDER).flatMap((name) =>
      readPolicies(readFileSync(join(POLICY_FOLDER, name), 'utf8')).map(
        ({ text }) => [text.trim(), name === 'gateway.cedar' ? 'gateway' : 'control'] as const,
      ),
    ),
  );
  return shipped;
}

/** What the schema of a plane says against policies, by their id. */
function faults(plane: Plane, policies: readonly Omit<Policy, 'planes'>[]): ReadonlyMap<string, string> {
  if (policies.length === 0) return new Map();
  const staticPolicies = Object.fromEntries(policies.map(({ id, text }) => [id, text]));
  const checked = withCedar((cedar) =>
    cedar.validate({ schema: SCHEMAS[plane], policies: { staticPolicies } }),
  );
  if (checked.type === 'failure')
    throw new CodedError('policy-invalid', `the policies are not valid: ${checked.errors[0]?.message}`);
  return new Map(checked.validationErrors.map(({ policyId, error }) => [policyId, error.message]));
}

/** Safeguards that forbid something to every program, whatever the circumstances are. */
export const NEVER_OF_PROGRAMS: ReadonlySet<string> = new Set([
  ...['people-approve', 'less-by-another', 'programs-bind-no-secrets', 'programs-administer-nothing'],
]);

/** A policy with its scope. */
interface ScopedPolicy extends Omit<Policy, 'planes'> {
  /** Syntax tree, as JSON: names of attributes stand there as they are meant, however they were written. */
  readonly tree: string;
  readonly scope: { readonly principal: Scope; readonly action: Scope; readonly resource: Scope };
}

/** Whether an entity of a type could be in a scope. */
function mayBe({ op, entity, entity_type: only }: Scope, type: string): boolean {
  if (op === 'All') return true;
  if (op === 'is') return only === type;
  return (
    entity?.type === type ||
    (op === 'in' &&
      policySchema()
        .above.get(type)
        ?.has(entity?.type ?? '') === true)
  );
}

/** Whether an action is in a scope. */
function actsOn({ op, entity, entities }: Scope, action: string): boolean {
  if (op === 'All') return true;
  const named = (entities ?? [entity!]).map(({ id }) => id);
  return (
    named.includes(action) ||
    (op === 'in' && (groupsOfAction(action) ?? []).some((group) => named.includes(group)))
  );
}

/** A validated set of policies with a cache of decisions. */
export class PolicySet {
  /** First 12 hex digits of the SHA-256 of the whole text. */
  readonly version: string;
  readonly text: string;
  readonly policies: readonly Policy[];
  /** Roles that some policy speaks of. */
  readonly roles: ReadonlySet<string>;
  /** Whether some policy looks at the time. */
  readonly timed: boolean;
  readonly #scoped: readonly (ScopedPolicy & Policy)[];
  readonly #rolesThatMay = new Map<string, ReadonlySet<string>>();
  readonly #slices = new Map<string, Slice>();
  #generation = engineGeneration();
  readonly #controlCache = new Map<string, Decision>();
  /** By key object: a key that changes is another object, so what was decided for the old one is never found. */
  readonly #cache = new WeakMap<object, Map<string, Decision>>();

  private constructor(text: string, version: string, policies: readonly (ScopedPolicy & Policy)[]) {
    const trees = policies.map(({ tree }) => tree).join('');
    this.text = text;
    this.version = version;
    this.policies = policies.map(({ id, effect, text: own, planes }) => ({ id, effect, text: own, planes }));
    this.#scoped = policies;
    this.roles = new Set(
      [...trees.matchAll(/\{"type":"Role","id":("(?:[^"\\]|\\.)*")\}/g)].map(
        ([, id]) => JSON.parse(id!) as string,
      ),
    );
    this.timed = /"(?:now|weekday)"/.test(trees);
  }

  /**
   * Parses and validates.
   * @param known where policies decide that need no validating: those that ship, which tests validate. It takes the
   * engine some 40 MB, which a program without policies of its own does without
   * @throws CodedError `policy-invalid` with the place
   */
  static load(text: string, known: ReadonlyMap<string, Plane> = shippedPlanes()): PolicySet {
    const policies = readPolicies(text);
    const others = policies.filter((policy) => !known.has(policy.text.trim()));
    const invalid = { gateway: faults('gateway', others), control: faults('control', others) };
    const placed = policies.map((policy) => {
      const own = known.get(policy.text.trim());
      if (own) return { ...policy, planes: [own] };
      const planes = PLANES.filter((plane) => !invalid[plane].has(policy.id));
      // Say what is wrong where it was meant to decide.
      const meant: Plane = actsOn(policy.scope.action, 'invoke') ? 'gateway' : 'control';
      if (planes.length === 0)
        throw new CodedError(
          'policy-invalid',
          `the policies are not valid: ${policy.id}: ${invalid[meant].get(policy.id)}`,
        );
      return { ...policy, planes };
    });
    return new PolicySet(text, hash('sha256', text, 'hex').slice(0, 12), placed);
  }

  /**
   * The {@link gatewayText} of a set that was validated in another thread of this program. Validating takes the engine
   * some 30 MB, which each gateway worker does without.
   * @param version of the whole set
   */
  static validated(gatewayText: string, version: string): PolicySet {
    const policies = readPolicies(gatewayText).map((policy) => ({ ...policy, planes: ['gateway'] as const }));
    return new PolicySet(gatewayText, version, policies);
  }

  /** The policies that decide about calls, as one text: what the gateway needs to know. */
  get gatewayText(): string {
    return this.policies.flatMap(({ planes, text }) => (planes.includes('gateway') ? [text] : [])).join('\n');
  }

  /**
   * The policies whose scope a question of this kind may be in, made ready. The engine takes time for each policy of a
   * set, so it gets those that could apply; the others could not have decided anything.
   */
  #slice(principalType: string, action: string, resourceType: string): Slice {
    // An engine that was made anew knows none of what the one before was told.
    if (this.#generation !== engineGeneration()) {
      this.#slices.clear();
      this.#generation = engineGeneration();
    }
    const kind = `${principalType} ${action} ${resourceType}`;
    const made = this.#slices.get(kind);
    if (made !== undefined) return made;
    const own = this.#scoped.filter(
      ({ scope, planes }) =>
        planes.includes(planeOf(action)) &&
        mayBe(scope.principal, principalType) &&
        actsOn(scope.action, action) &&
        mayBe(scope.resource, resourceType),
    );
    const staticPolicies = Object.fromEntries(own.map(({ id, text }) => [id, text]));
    const name = hash('sha256', JSON.stringify(staticPolicies), 'hex');
    const parsed = withCedar((cedar) => cedar.preparsePolicySet(name, { staticPolicies }));
    if (parsed.type === 'failure')
      throw new CodedError('policy-invalid', `the policies do not parse: ${parsed.errors[0]?.message}`);
    const trees = own.map(({ tree }) => tree).join('');
    const slice = { name, names: namesIn(trees) };
    this.#slices.set(kind, slice);
    return slice;
  }

  /**
   * Roles that may do one of some actions, under some circumstances: what a policy asks of the address, the time, the resource
   * or other roles may come to be so. What is forbidden besides does not count.
   */
  rolesThatMay(principalType: 'Person' | 'Program', actions: readonly string[]): ReadonlySet<string> {
    const asked = `${principalType} ${actions.join(' ')}`;
    const before = this.#rolesThatMay.get(asked);
    if (before) return before;
    const own = this.#scoped.filter(
      ({ scope, planes }) =>
        planes.includes('control') &&
        mayBe(scope.principal, principalType) &&
        actions.some((action) => actsOn(scope.action, action)),
    );
    const roles = new Set(own.flatMap(rolesOf));
    this.#rolesThatMay.set(asked, roles);
    return roles;
  }

  /**
   * Whether some policy could permit an action to a program under some circumstances, as {@link rolesThatMay} has it; one that
   * names no role, too. What is forbidden besides does not count.
   * @param roles that it holds where it would act
   */
  couldPermitProgram(id: string, roles: readonly string[], action: string): boolean {
    const held = new Set(roles);
    return this.#scoped.some(
      ({ scope: { principal, action: acts }, planes, ...policy }) =>
        planes.includes('control') &&
        mayBe(principal, 'Program') &&
        !(principal.op === '==' && principal.entity?.id !== id) &&
        actsOn(acts, action) &&
        couldPermit(policy, held),
    );
  }

  /** Asks Cedar. Errors deny. @param slim whether the question holds only what policies can read, and need not be cut */
  ask(question: Question, slim = false): Decision {
    const { principal, action, resource } = question;
    let answer: AuthorizationAnswer;
    try {
      const { name, names } = this.#slice(principal.type, action.id, resource.type);
      answer = withCedar((cedar) =>
        cedar.statefulIsAuthorized({
          ...((slim ? question : readable(question, names)) as unknown as StatefulAuthorizationCall),
          preparsedPolicySetId: name,
          validateRequest: false,
        }),
      );
    } catch {
      return { allowed: false, policyIds: ['evaluation-failed'] };
    }
    if (answer.type !== 'success') return { allowed: false, policyIds: ['evaluation-failed'] };
    const { decision, diagnostics } = answer.response;
    return {
      allowed: diagnostics.errors.length === 0 && decision === 'allow',
      policyIds: diagnostics.errors.length > 0 ? ['evaluation-failed'] : [...diagnostics.reason].sort(),
    };
  }

  /** Decides about a call, from the cache where the same was asked before, in the same minute where time matters. */
  decide(request: GatewayRequest): Decision {
    let own = this.#cache.get(request.key);
    if (!own) {
      own = new Map();
      this.#cache.set(request.key, own);
    }
    const { name, demo, dialect, environment = '', dataClasses = [] } = request.system;
    const minute = this.timed ? Math.floor(request.nowMs / MINUTE_MS) : 0;
    // Names of systems, dialects and operations hold no space; classes and the model come last, and as JSON.
    const facts = `${name} ${demo} ${dialect} ${request.operation} ${request.stream} ${minute}`;
    const asked =
      environment === '' && dataClasses.length === 0
        ? `${facts} ${request.model}`
        : `${facts} ${JSON.stringify([environment, dataClasses, request.model])}`;
    const known = own.get(asked);
    if (known) return known;
    const decision = this.ask(gatewayQuestion(request, this.timed));
    if (own.size >= CACHE_MAX) own.delete(own.keys().next().value!);
    own.set(asked, decision);
    return decision;
  }

  /**
   * Decides about a request to the control plane, from the cache where the same was asked before: the same in all that
   * the policies which may matter look at.
   * @throws CodedError `internal` when there is no such action
   */
  decideControl(request: ControlRequest): Decision {
    const groups = groupsOfAction(request.action);
    if (!groups) throw new CodedError('internal', `there is no action \`${request.action}\``);
    const whole = controlQuestion(request, groups, this.timed);
    const { names } = this.#slice(whole.principal.type, whole.action.id, whole.resource.type);
    const question = readable(whole, names);
    const asked = JSON.stringify(question);
    const known = this.#controlCache.get(asked);
    if (known) return known;
    const decision = this.ask(question, true);
    if (this.#controlCache.size >= CONTROL_CACHE_MAX)
      this.#controlCache.delete(this.#controlCache.keys().next().value!);
    this.#controlCache.set(asked, decision);
    return decision;
  }
}

/** The policies of a text, each with the id that it gives itself. */
function readPolicies(text: string): ScopedPolicy[] {
  requireShallow(text);
  const parts = withCedar((cedar) => cedar.policySetTextToParts(text));
  if (parts.type === 'failure')
    throw new CodedError('policy-invalid', `the policies do not parse: ${parts.errors[0]?.message}`);
  if (parts.policy_templates.length > 0)
    throw new CodedError('policy-invalid', 'templates are not taken; write each policy out');
  const seen = new Set<string>();
  const policies = parts.policies.map((own, i): ScopedPolicy => {
    const tree = withCedar((cedar) => cedar.policyToJson(own));
    if (tree.type === 'failure')
      throw new CodedError('policy-invalid', `a policy does not parse: ${tree.errors[0]?.message}`);
    const id = tree.json.annotations?.['id'] ?? `policy${i}`;
    if (!/^[\w.-]{1,128}$/.test(id))
      throw new CodedError(
        'policy-invalid',
        `\`${id.slice(0, 64)}\` is no id: use letters, digits and . _ -`,
      );
    if (seen.has(id)) throw new CodedError('policy-invalid', `two policies have the id \`${id}\``);
    seen.add(id);
    const { effect, principal, action, resource } = tree.json;
    return {
      id,
      effect,
      text: own,
      tree: JSON.stringify(tree.json),
      scope: { principal, action, resource } as ScopedPolicy['scope'],
    };
  });
  return policies;
}
