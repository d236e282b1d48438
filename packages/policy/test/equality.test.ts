import assert from 'node:assert/strict';
import { it } from 'node:test';
import { compareWithCedar } from './equality.ts';

it('20,000 requests are decided as the whole of Cedar decides them, by the same policies', () => {
  const { allowed, distinctPolicies, differing } = compareWithCedar(20_000, 7);
  assert.deepEqual(differing, []);
  assert.ok(allowed > 2_000 && allowed < 18_000, `${allowed} were allowed`);
  assert.ok(distinctPolicies > 20, `${distinctPolicies} policies decided something`);
});
