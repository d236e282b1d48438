import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NEVER_OF_PROGRAMS, PolicySet, shippedWith } from './policy-set.ts';

const APPROVE = ['approve-proposals'];
const rolesOf = (more: string, type: 'Person' | 'Program' = 'Person', actions = APPROVE): string[] =>
  [...PolicySet.load(shippedWith(more)).rolesThatMay(type, actions)].sort();
const permit = (role: string, rest = '', scope = `principal in Role::"${role}"`): string =>
  `@id("${role}") permit (${scope}, action in Action::"approve", resource)${rest};`;

describe('roles that may do something under some circumstances', () => {
  it('are those that ship', () => {
    assert.deepEqual(rolesOf(''), ['approver']);
    assert.deepEqual(rolesOf('', 'Person', ['change-grants']), ['administrator']);
    assert.deepEqual(rolesOf('', 'Program', ['provision-people']), ['provisioner']);
    assert.deepEqual(rolesOf('', 'Person', ['provision-people']), []);
  });

  const possible: readonly [string, string][] = [
    ['the address', permit('x', ' when { context.address == "192.0.2.1" }')],
    ['the day', permit('x', ' when { context.weekday == 7 }')],
    ['the time', permit('x', ' unless { context.now.toTime() < duration("6h") }')],
    ['the resource', permit('x', ' when { resource is Proposal && resource.author == "person:a" }')],
    ['another role', permit('x', ' when { principal in Role::"viewer" }')],
    ['what else they are', permit('x', ' when { principal.privileged }', 'principal is Person in Role::"x"')],
    ['a role in a condition', permit('x', ' when { principal in Role::"x" }', 'principal is Person')],
    [
      'one role of several',
      permit('x', ' when { principal in [Role::"x", Role::"y"] || context.level > 2 }', 'principal'),
    ],
    ['a type and a role', permit('x', '', 'principal is Person in Role::"x"')],
    ['a choice', permit('x', ' when { if context.level > 2 then true else principal in Role::"x" }')],
  ];
  for (const [what, policy] of possible)
    it(`include one whose policy asks for ${what}`, () => assert.ok(rolesOf(policy).includes('x')));

  const impossible: readonly [string, string][] = [
    ['of another type', permit('x', '', 'principal is Program in Role::"x"')],
    ['that a condition excludes', permit('x', ' unless { principal in Role::"x" }')],
    ['under a condition that never holds', permit('x', ' when { false && context.level > 2 }')],
    ['that only a prohibition names', permit('x').replace('permit', 'forbid')],
    ['that is asked for besides', permit('y', ' when { principal in Role::"x" }')],
    ['for another action', permit('x').replace('"approve"', '"view"')],
  ];
  for (const [what, policy] of impossible)
    it(`leave out one ${what}`, () => assert.ok(!rolesOf(policy).includes('x')));
});

describe('what a program could do under some circumstances', () => {
  const could = (more: string, roles: string[] = ['x'], id = 'prg_1'): boolean =>
    PolicySet.load(shippedWith(more)).couldPermitProgram(id, roles, 'see-systems');
  const view = (scope: string, rest = ''): string =>
    `@id("own") permit (${scope}, action in Action::"view", resource)${rest};`;
  const office = ' when { context.address == "192.0.2.1" }';

  it('is what a policy permits to a role of its own, to any program, or to this one', () => {
    assert.ok(could('', ['viewer']));
    for (const scope of [
      'principal in Role::"x"',
      'principal',
      'principal is Program',
      'principal == Program::"prg_1"',
    ])
      assert.ok(could(view(scope, office)), scope);
  });

  it('is nothing of what one permits to others, never, or under another role', () => {
    assert.ok(!could(''));
    for (const scope of ['principal in Role::"y"', 'principal is Person', 'principal == Program::"prg_2"'])
      assert.ok(!could(view(scope, office)), scope);
    assert.ok(!could(view('principal', ' when { false }')));
  });

  it('safeguards that hold of every program are there under the names by which they are known', () => {
    const ids = PolicySet.load(shippedWith('')).policies.map(({ id }) => id);
    for (const id of NEVER_OF_PROGRAMS) assert.ok(ids.includes(id), id);
  });
});
