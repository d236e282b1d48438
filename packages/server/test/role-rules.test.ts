import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultPolicyText, PolicySet, shippedWith } from '@sallyport/policy';
import { checkRoleRules } from '../src/authorisation/role-rules.ts';

describe('what no role may do', () => {
  it('holds for the policies that ship', () => {
    const { asked, broken } = checkRoleRules(PolicySet.load(defaultPolicyText()));
    assert.deepEqual(broken, []);
    assert.ok(asked > 300, `${asked} questions`);
  });
  it('is found broken where policies of an own folder go round it', () => {
    const withoutSafeguards = defaultPolicyText().replaceAll(
      /@id\("(?:second-factor|fresh-proof|people-approve)"\)/g,
      (id) => `${id} @disabled("")`,
    );
    const { policies } = PolicySet.load(withoutSafeguards);
    const less = policies.filter(({ text }) => !text.includes('@disabled')).map(({ text }) => text);
    const words = checkRoleRules(PolicySet.load(less.join('\n'))).broken.join('\n');
    for (const rule of [/analyst may read-content with one factor by analyst/, /on an old proof/])
      assert.match(words, rule);
    const more = shippedWith(
      '@id("bot") permit (principal is Program, action in Action::"approve", resource);',
    );
    assert.deepEqual(checkRoleRules(PolicySet.load(more)).broken, [], 'a forbid outweighs it');
    const open = PolicySet.load(
      `${less.join('\n')} @id("bot") permit (principal is Program, action in Action::"approve", resource);`,
    );
    assert.ok(
      checkRoleRules(open).broken.some((rule) => /^a program may approve-proposals by .*bot/.test(rule)),
    );
  });
});
