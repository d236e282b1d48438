import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { defaultPolicyText, PolicySet, type Request } from './policy-set.ts';

const ask = (
  over: { systems?: string[]; keyDemo?: boolean; system?: string; demo?: boolean } = {},
): Request => ({
  key: { id: 'key_1', systems: over.systems ?? ['a', 'b'], demo: over.keyDemo ?? false },
  system: { name: over.system ?? 'a', demo: over.demo ?? false, dialect: 'openai' },
  operation: 'chat.completions',
  model: 'm',
  stream: false,
});

describe('policies', () => {
  const set = PolicySet.load(defaultPolicyText());
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
});
