// Prices a decision against the bare engine in one run: `npm run bench policy [-- POLICIES]`.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { defaultPolicyText, groupsOfAction, PolicySet } from '@sallyport/policy';
import {
  type ControlRequest,
  controlQuestion,
  type GatewayRequest,
  gatewayQuestion,
} from '../../packages/policy/src/question.ts';

const POLICIES = Number(process.argv[2] ?? 50);
const WARM = 3_000;
const CALLS = 10_000;
const ROUNDS = 5;

const cedar = createRequire(join(import.meta.dirname, '../../packages/policy/src/index.ts'))(
  '@cedar-policy/cedar-wasm/nodejs',
) as typeof import('@cedar-policy/cedar-wasm/nodejs');

/** The policies that ship, and own ones of the kind that organisations write, spread over actions as theirs are. */
function policies(): PolicySet {
  const shipped = PolicySet.load(defaultPolicyText()).policies.length;
  const groups = ['view', 'investigate', 'operate', 'approve', 'audit', 'administer'];
  const own = Array.from({ length: POLICIES - shipped }, (_, i) =>
    i % 3 === 0
      ? `@id("own${i}") forbid (principal is Key, action == Action::"invoke", resource) when { context.model like "m${i}-*" };`
      : `@id("own${i}") forbid (principal is Person, action in Action::"${groups[i % groups.length]}", resource is System) when { resource.environment == "e${i}" };`,
  );
  return PolicySet.load([defaultPolicyText(), ...own].join('\n'));
}

const set = policies();
for (const plane of ['gateway', 'control'] as const) {
  const own = set.policies.filter(({ planes }) => planes.includes(plane));
  cedar.preparsePolicySet(plane, {
    staticPolicies: Object.fromEntries(own.map(({ id, text }) => [id, text])),
  });
}

const control = (i: number): ControlRequest => ({
  actor: {
    kind: 'person',
    id: `p${i}`,
    name: `n${i}`,
    roles: ['viewer', 'operator'],
    privileged: true,
    administrator: false,
    mastery: [],
  },
  action: 'see-traffic',
  target: {
    kind: 'system',
    name: `s${i}`,
    demo: false,
    dialect: 'openai',
    environment: 'production',
    dataClasses: ['orders'],
  },
  level: 3,
  provenSecondsAgo: 5,
  address: '192.0.2.1',
  nowMs: Date.UTC(2026, 10, 21),
});
const call = (i: number): GatewayRequest => ({
  key: { id: `k${i}`, systems: ['chat'], demo: false },
  system: { name: 'chat', demo: false, dialect: 'openai', environment: 'production', dataClasses: [] },
  operation: 'chat.completions',
  model: `model-${i}`,
  stream: false,
  nowMs: Date.UTC(2026, 10, 21),
});
const bare = (plane: string, question: object): unknown =>
  cedar.statefulIsAuthorized({
    ...(question as Parameters<typeof cedar.statefulIsAuthorized>[0]),
    preparsedPolicySetId: plane,
    validateRequest: false,
  });

/** Microseconds a call, the best round of some: what else the machine does only adds. */
function micros(work: (i: number) => unknown): number {
  let next = 0;
  for (let i = 0; i < WARM; i++) work(next++);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) work(next++);
    best = Math.min(best, ((performance.now() - start) * 1_000) / CALLS);
  }
  return best;
}

const groups = groupsOfAction('see-traffic')!;
const known = { call: call(0), control: control(0) };
const rows = [
  [
    'gateway',
    () => set.decide(known.call),
    (i: number) => set.decide(call(i)),
    (i: number) => bare('gateway', gatewayQuestion(call(i), set.timed)),
  ],
  [
    'control plane',
    () => set.decideControl(known.control),
    (i: number) => set.decideControl(control(i)),
    (i: number) => bare('control', controlQuestion(control(i), groups, set.timed)),
  ],
] as const;
process.stdout.write(`${set.policies.length} policies; microseconds a decision\n`);
for (const [where, cached, fresh, engine] of rows) {
  const [a, b, c] = [micros(cached), micros(fresh), micros(engine)];
  process.stdout.write(
    `${where.padEnd(14)} cached ${a.toFixed(1)}   fresh ${b.toFixed(0)}   the whole of Cedar ${c.toFixed(0)}   fresh to whole ${(b / c).toFixed(2)}\n`,
  );
}
