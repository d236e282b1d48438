import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withCedar } from './engine.ts';
import { defaultPolicyText, PolicySet } from './policy-set.ts';
import { readPolicyTests, requirePolicyTests, runPolicyTests } from './policy-tests.ts';
import type { ControlRequest, GatewayRequest } from './question.ts';

const ask = (
  over: { systems?: string[]; keyDemo?: boolean; system?: string; demo?: boolean } = {},
): GatewayRequest => ({
  key: { id: 'key_1', systems: over.systems ?? ['a', 'b'], demo: over.keyDemo ?? false },
  system: { name: over.system ?? 'a', demo: over.demo ?? false, dialect: 'openai' },
  operation: 'chat.completions',
  model: 'm',
  stream: false,
  nowMs: 0,
});

const person = (...roles: string[]): Extract<ControlRequest['actor'], { kind: 'person' }> => ({
  kind: 'person',
  id: 'p1',
  name: 'ann',
  roles,
  privileged: roles.some((role) => role !== 'viewer'),
  administrator: roles.includes('administrator'),
  mastery: [],
});
const chat = { kind: 'system', name: 'chat', demo: false, dialect: 'openai' } as const;
const control = (over: Partial<ControlRequest>): ControlRequest => ({
  actor: person('viewer'),
  action: 'see-traffic',
  target: chat,
  level: 3,
  provenSecondsAgo: 10,
  address: '127.0.0.1',
  nowMs: 0,
  ...over,
});

describe('policies', () => {
  const set = PolicySet.load(defaultPolicyText());
  it('that ship are valid where they decide, and nowhere else', () => {
    const planes = (one: PolicySet) => one.policies.map((policy) => [policy.id, policy.planes]);
    assert.deepEqual(planes(set), planes(PolicySet.load(defaultPolicyText(), new Map())));
  });
  it('permit the systems of a key and name the policy', () => {
    assert.deepEqual(set.decide(ask()), { allowed: true, policyIds: ['key-systems'] });
    const twice = ask();
    assert.equal(set.decide(twice), set.decide(twice), 'cached');
  });
  it('deny everything else by default', () => {
    assert.deepEqual(set.decide(ask({ system: 'c' })), { allowed: false, policyIds: [] });
    assert.equal(set.decide(ask({ systems: [] })).allowed, false);
  });
  it('keep demonstration keys in demonstrations', () => {
    assert.deepEqual(set.decide(ask({ keyDemo: true })), { allowed: false, policyIds: ['demo-stays-demo'] });
    assert.equal(set.decide(ask({ keyDemo: true, demo: true })).allowed, true);
  });
  it('never load when they do not parse or do not match the schema', () => {
    assert.throws(() => PolicySet.load('permit (principal'), { code: 'policy-invalid' });
    assert.throws(() => PolicySet.load('permit (principal, action, resource) when { principal.nonsense };'), {
      code: 'policy-invalid',
    });
  });
  it('take further policies from a folder', () => {
    const folder = mkdtempSync(join(tmpdir(), 'policies-'));
    writeFileSync(
      join(folder, 'x.cedar'),
      '@id("no-streams") forbid (principal, action, resource) when { context.stream };',
    );
    const more = PolicySet.load(defaultPolicyText(folder));
    assert.deepEqual(more.decide({ ...ask(), stream: true }), { allowed: false, policyIds: ['no-streams'] });
    assert.equal(more.decide(ask()).allowed, true);
    assert.throws(() => defaultPolicyText(join(folder, 'absent')), { code: 'policy-invalid' });
  });
  it('decide wherever their words mean something', () => {
    const own = PolicySet.load(
      `@id("a") forbid (principal, action, resource) when { context.stream };
       @id("b") forbid (principal, action, resource) when { context.level < 3 };
       @id("c") forbid (principal, action, resource);`,
    );
    assert.deepEqual(
      own.policies.map(({ planes }) => planes),
      [['gateway'], ['control'], ['gateway', 'control']],
    );
    assert.deepEqual(own.decide({ ...ask(), stream: true }).policyIds, ['a', 'c']);
    assert.deepEqual(own.decideControl(control({ level: 1 })).policyIds, ['b', 'c']);
    const wrong = 'permit (principal, action == Action::"invoke", resource) when { context.model.nonsense };';
    assert.throws(() => PolicySet.load(wrong), { code: 'policy-invalid' });
  });
  it('that would kill the engine are refused, and kill it for nobody else', () => {
    const when = (body: string): string => `permit (principal, action, resource) when { ${body} };`;
    const deep = (n: number, open: string, middle: string, close: string): string =>
      when(open.repeat(n) + middle + close.repeat(n));
    for (const text of [
      deep(2_000, '(', 'true', ')'),
      deep(2_000, '[', '1', ']'),
      deep(5_000, 'if true then ', 'true', ' else false'),
      deep(5_000, '!', 'true', ''),
      when(`true${' && true'.repeat(30_000)}`),
      when(`1${' + 1'.repeat(30_000)} == 1`),
      when(`principal${'.a'.repeat(30_000)}`),
    ])
      assert.throws(() => PolicySet.load(text), { code: 'policy-invalid' });
    assert.deepEqual(set.decide({ ...ask(), model: 'another' }).policyIds, ['key-systems']);
    assert.throws(
      () =>
        withCedar(() => {
          throw new RangeError('Maximum call stack size exceeded');
        }),
      { code: 'policy-invalid' },
    );
    assert.deepEqual(
      set.decide({ ...ask(), model: 'a third' }).policyIds,
      ['key-systems'],
      'an engine that died is replaced',
    );
    assert.ok(PolicySet.load(when(`context.model == "${'(['.repeat(5_000)}" // ${'('.repeat(500)}\n`)));
  });
  it('refuse two policies of one id, and templates', () => {
    const one = '@id("x") permit (principal, action == Action::"reload", resource);';
    assert.throws(() => PolicySet.load(`${one} ${one}`), /two policies have the id `x`/);
    assert.throws(() => PolicySet.load('permit (principal == ?principal, action, resource);'), {
      code: 'policy-invalid',
    });
  });
  it('see the time by minutes, and remember a decision no longer than that', () => {
    const night = PolicySet.load(
      `${defaultPolicyText()} @id("night") forbid (principal, action == Action::"invoke", resource)
       when { context.now.toTime() < duration("6h") || context.weekday > 5 };`,
    );
    const request = ask();
    const at = (text: string) =>
      night.decide({ ...request, key: request.key, nowMs: Date.parse(text) }).policyIds;
    assert.deepEqual(at('2026-11-20T05:59:59Z'), ['night']);
    assert.deepEqual(at('2026-11-20T06:00:00Z'), ['key-systems']);
    assert.deepEqual(at('2026-11-21T12:00:00Z'), ['night'], 'a Saturday');
  });
});

describe('roles at the control plane', () => {
  const set = PolicySet.load(defaultPolicyText());
  const allowed = (over: Partial<ControlRequest>): boolean => set.decideControl(control(over)).allowed;
  it('permit what their group of actions holds, and nothing else', () => {
    assert.ok(allowed({}));
    assert.ok(!allowed({ actor: person() }));
    assert.ok(!allowed({ action: 'make-keys' }));
    assert.ok(allowed({ action: 'make-keys', actor: person('operator') }));
    assert.ok(!allowed({ action: 'read-content', actor: person('operator') }));
    assert.ok(allowed({ action: 'read-content', actor: person('analyst') }));
    assert.throws(() => allowed({ action: 'fly' }), { code: 'internal' });
  });
  it('ask a second factor of the privileged, one that resists phishing of administrators', () => {
    assert.ok(allowed({ level: 1 }), 'a viewer');
    assert.deepEqual(set.decideControl(control({ actor: person('viewer', 'analyst'), level: 1 })), {
      allowed: false,
      policyIds: ['second-factor'],
    });
    assert.ok(!allowed({ actor: person('administrator'), level: 2 }));
    assert.ok(allowed({ actor: person('administrator'), level: 3 }));
  });
  it('ask for a fresh proof before what is dangerous', () => {
    const read = { action: 'read-content', actor: person('analyst') };
    assert.ok(allowed({ ...read, provenSecondsAgo: 300 }));
    assert.ok(!allowed({ ...read, provenSecondsAgo: 301 }));
  });
  it('let no one approve who owes it to a party that they can: the author, or another who is the same human', () => {
    const ask = (author: string, parties: readonly string[], beholden: readonly string[]): boolean =>
      allowed({
        action: 'approve-proposals',
        actor: { ...person('approver'), beholden },
        target: { kind: 'proposal', id: 'x', author, parties },
      });
    const keeper = ['program:ci', 'person:p2'];
    assert.ok(ask('program:ci', keeper, []));
    assert.ok(ask('program:ci', keeper, ['person:p3']));
    assert.ok(!ask('program:ci', keeper, ['person:p2']), 'a party');
    assert.ok(!ask('program:ci', keeper, ['program:ci']), 'the author, as a party');
    assert.ok(!ask('program:ci', [], ['program:ci']), 'the author, whoever the parties are');
    assert.ok(!ask('program:ci', ['person:p1'], []), 'being a party oneself');
  });
  it('part duties: no author approves, no command, no program; nobody administers themselves', () => {
    const proposal = (author: string) => ({ kind: 'proposal', id: 'x', author }) as const;
    const approve = { action: 'approve-proposals', actor: person('approver') };
    assert.ok(allowed({ ...approve, target: proposal('person:p2') }));
    assert.ok(!allowed({ ...approve, target: proposal('person:p1') }));
    const local = { kind: 'local', name: 'root' } as const;
    assert.ok(!allowed({ ...approve, actor: local, target: proposal('person:p2') }));
    assert.ok(allowed({ actor: local, action: 'add-people', target: { kind: 'organisation' } }));
    const program = { kind: 'program', id: 'g', name: 'ci', roles: ['administrator', 'approver'] } as const;
    assert.ok(!allowed({ ...approve, actor: program, target: proposal('person:p2') }));
    assert.ok(!allowed({ actor: program, action: 'add-people', target: { kind: 'organisation' } }));
    assert.ok(allowed({ actor: program, action: 'make-keys' }));
    const admin = person('administrator');
    assert.ok(allowed({ actor: admin, action: 'change-grants', target: { kind: 'person', id: 'p2' } }));
    assert.ok(!allowed({ actor: admin, action: 'change-grants', target: { kind: 'person', id: 'p1' } }));
  });
  it('take roles of a folder, with conditions on the environment, the data and what somebody has learned', () => {
    const own = PolicySet.load(
      `${defaultPolicyText()} @id("reader") permit (principal is Person in Role::"reader", action == Action::"read-content", resource is System)
       when { resource.environment == "test" && !resource.dataClasses.contains("health") && principal.mastery.contains("privacy") };`,
    );
    assert.ok(own.roles.has('reader'));
    const reader = { ...person('reader'), mastery: ['privacy'] } as ControlRequest['actor'];
    const read = (more: object, actor = reader): boolean =>
      own.decideControl(control({ actor, action: 'read-content', target: { ...chat, ...more } })).allowed;
    assert.ok(read({ environment: 'test' }));
    assert.ok(!read({ environment: 'production' }));
    assert.ok(!read({ environment: 'test', dataClasses: ['health'] }));
    assert.ok(!read({ environment: 'test' }, person('reader')));
  });
});

describe('tests of policies', () => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-tests-'));
  const write = (text: string): void => writeFileSync(join(folder, 'own.test.yaml'), text);
  const set = PolicySet.load(defaultPolicyText());
  it('say what they expected and what they got', () => {
    write(`tests:
  - { name: keys, principal: { key: k, systems: [chat] }, action: invoke, resource: { system: chat }, expect: allow, because: [key-systems] }
  - { name: wrong, principal: { person: ann, roles: [viewer] }, action: make-keys, resource: { system: chat }, expect: allow }
`);
    const results = runPolicyTests(set, readPolicyTests(folder));
    assert.deepEqual(
      results.map(({ name, passed, got }) => [name, passed, got]),
      [
        ['keys', true, 'allow by key-systems'],
        ['wrong', false, 'deny'],
      ],
    );
    assert.throws(() => requirePolicyTests(set, folder), /fail their test `wrong`: expected allow, got deny/);
  });
  it('are refused when they make no sense', () => {
    for (const [text, wrong] of [
      [
        'tests: [{ name: a, principal: { key: k }, action: reload, resource: organisation, expect: deny }]',
        /keys invoke/,
      ],
      [
        'tests: [{ name: a, principal: { command: root }, action: fly, resource: organisation, expect: deny }]',
        /no action `fly`/,
      ],
      ['tests: [{ name: a }]', /own\.test\.yaml/],
      ['tests: [', /own\.test\.yaml/],
    ] as const) {
      write(text);
      assert.throws(() => requirePolicyTests(set, folder), wrong);
    }
  });
});
