import { createRequire } from 'node:module';
import { defaultPolicyText, PolicySet } from '../src/policy-set.ts';
import {
  type Actor,
  type ControlRequest,
  controlQuestion,
  gatewayQuestion,
  type Question,
  type Target,
} from '../src/question.ts';
import { groupsOfAction, policySchema } from '../src/schema.ts';

const cedar = createRequire(import.meta.url)(
  '@cedar-policy/cedar-wasm/nodejs',
) as typeof import('@cedar-policy/cedar-wasm/nodejs');

/** Policies of every kind of scope, with conditions that can fail, to put behind those of the product. */
const MORE = `
@id("m1") permit (principal is Key in System::"s1", action, resource == System::"s2") when { context.model like "a*" };
@id("m0") forbid (principal, action, resource is System) when { resource.name == "s4" && resource.demo };
@id("m2") forbid (principal, action in [Action::"view"], resource is System) when { resource.environment == "test" && resource.dataClasses.contains("x") };
@id("m3") permit (principal == Key::"k2", action == Action::"invoke", resource in System::"s3") unless { context.stream };
@id("m4") forbid (principal is Person, action in Action::"operate", resource) when { context.now.toTime() < duration("8h") };
@id("m5") permit (principal is Person in Role::"custom", action in [Action::"see-traffic", Action::"administer"], resource) when { principal.name like "a*" };
@id("m6") permit (principal is Program, action == Action::"reload", resource is Organisation) when { context.weekday < 6 };
@id("m7") forbid (principal == Person::"p1", action, resource);
@id("m8") permit (principal in Role::"overflow", action == Action::"see-health", resource) when { context.level * 9223372036854775807 > 0 };
@id("m9") forbid (principal is Person, action in Action::"audit", resource) unless { principal has mastery && principal.mastery.contains("logs") };
@id("m10") permit (principal is Person, action in Action::"view", resource is System) when { resource.dataClasses == ["x"] && context.address like ":*" };
@id("m11") forbid (principal is Key, action, resource) when { principal in [System::"s2", System::"s3"] && !(resource in System::"s1") && principal.demo };
@id("m12") permit (principal is Person, action, resource is Person) when { principal == resource && [principal.name, "carl"].contains("carl") && principal.administrator };
`;

/** A generator of numbers that gives the same for the same seed (mulberry32). */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** What differed between what we decide and what the whole of Cedar does. */
export interface Equality {
  readonly asked: number;
  readonly allowed: number;
  readonly distinctPolicies: number;
  readonly differing: readonly string[];
}

/** Asks the same of the set with its cache and slices, and of the engine with every policy. */
export function compareWithCedar(requests: number, seed: number): Equality {
  const set = PolicySet.load(defaultPolicyText() + MORE);
  for (const plane of ['gateway', 'control'] as const) {
    const own = set.policies.filter(({ planes }) => planes.includes(plane));
    cedar.preparsePolicySet(plane, {
      staticPolicies: Object.fromEntries(own.map(({ id, text }) => [id, text])),
    });
  }
  const next = numbers(seed);
  const pick = <T>(of: readonly T[]): T => of[next(of.length)]!;
  const some = <T>(of: readonly T[]): T[] => of.filter(() => next(2) === 0);
  const SYSTEMS = ['s1', 's2', 's3', 's4'];
  const facts = () => ({
    name: pick(SYSTEMS),
    demo: next(3) === 0,
    dialect: pick(['openai', 'oip']),
    environment: pick(['', 'test', 'production']),
    dataClasses: pick([[], ['x'], ['x', 'y']]),
  });
  // Keys stay the same objects, so that the cache answers too.
  const keys = Array.from({ length: 24 }, (_, i) => ({
    id: `k${i % 4}`,
    systems: some(SYSTEMS),
    demo: next(4) === 0,
  }));
  const roles = [...set.roles];
  const { actions } = policySchema();
  const asked = [...Object.entries(actions)].filter(([name, own]) => own.appliesTo && name !== 'invoke');
  const actorOf = (kind: string): Actor => {
    const held = some(roles).slice(0, next(4));
    if (kind === 'Local') return { kind: 'local', name: 'root' };
    if (kind === 'Program')
      return { kind: 'program', id: `g${next(2)}`, name: pick(['ann', 'ci']), roles: held };
    const privileged = next(2) === 0;
    const administrator = held.includes('administrator');
    return {
      kind: 'person',
      id: `p${next(3)}`,
      name: pick(['ann', 'bob']),
      roles: held,
      privileged,
      administrator,
      mastery: pick([[], ['logs'], ['courses', 'logs']]),
    };
  };
  const targetOf = (kind: string): Target => {
    if (kind === 'Organisation') return { kind: 'organisation' };
    if (kind === 'System') return { kind: 'system', ...facts() };
    if (kind === 'Dataset') return { kind: 'dataset', name: pick(SYSTEMS), dataClasses: facts().dataClasses };
    if (kind === 'Person') return { kind: 'person', id: `p${next(3)}` };
    return { kind: 'proposal', id: 'x', author: pick(['person:p0', 'person:p2', 'local:root']) };
  };
  const whole = (question: Question): string => {
    const answer = cedar.statefulIsAuthorized({
      ...(question as unknown as Parameters<typeof cedar.statefulIsAuthorized>[0]),
      preparsedPolicySetId: question.action.id === 'invoke' ? 'gateway' : 'control',
      validateRequest: false,
    });
    if (answer.type !== 'success') return 'evaluation-failed';
    const { decision, diagnostics } = answer.response;
    // Where a policy fails, Cedar leaves it out; we deny.
    if (diagnostics.errors.length > 0) return 'false evaluation-failed';
    return `${decision === 'allow'} ${[...diagnostics.reason].sort().join()}`;
  };
  const differing: string[] = [];
  const seen = new Set<string>();
  let allowed = 0;
  for (let i = 0; i < requests; i++) {
    const nowMs = Date.UTC(2026, 10, 16 + next(7), next(24), next(60));
    let ours: ReturnType<PolicySet['ask']>;
    let theirs: string;
    if (next(2) === 0) {
      const request = {
        key: pick(keys),
        system: facts(),
        operation: pick(['chat.completions', 'embeddings']),
        model: pick(['', 'a1', 'b1', 'a"b', 'a b']),
        stream: next(2) === 0,
        nowMs,
      };
      ours = set.decide(request);
      theirs = whole(gatewayQuestion(request, true));
    } else {
      const [action, { appliesTo }] = pick(asked);
      const request: ControlRequest = {
        actor: actorOf(pick(appliesTo!.principalTypes)),
        action,
        target: targetOf(pick(appliesTo!.resourceTypes)),
        level: 1 + next(3),
        provenSecondsAgo: pick([0, 300, 301]),
        address: '::1',
        nowMs,
      };
      ours = set.decideControl(request);
      theirs = whole(controlQuestion(request, groupsOfAction(action)!, true));
    }
    if (ours.allowed) allowed++;
    for (const id of ours.policyIds) seen.add(id);
    const text = `${ours.allowed} ${ours.policyIds.join()}`;
    if (text !== theirs && differing.length < 10) differing.push(`${i}: ${text} against ${theirs}`);
  }
  return { asked: requests, allowed, distinctPolicies: seen.size, differing };
}
