import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_USAGE_LIMITS, type KeySnapshot } from '@sallyport/core';
import { issueKey, KEY_PATTERN, KeyRing } from './api-key.ts';
import { hashPassword, verifyPassword } from './factors/password.ts';

const snapshot = (hash: string, over: Partial<KeySnapshot> = {}): KeySnapshot => ({
  id: 'key_1',
  name: 'test',
  hash,
  systems: ['a'],
  scope: {},
  expiresAtMs: 2_000,
  revoked: false,
  demo: false,
  synthetic: false,
  usageLimits: DEFAULT_USAGE_LIMITS,
  slot: 0,
  ...over,
});

describe('API keys', () => {
  it('carry 256 bits, a checksum, and are stored as a hash', () => {
    const issued = issueKey();
    assert.match(issued.secret, KEY_PATTERN);
    assert.ok(!issued.hash.includes(issued.secret));
    assert.equal(issued.secret.startsWith(issued.prefix), true);
    assert.notEqual(issueKey().secret, issued.secret);
  });
  it('are told apart: right, mistyped, unknown, expired, revoked, missing', () => {
    const issued = issueKey();
    const ring = new KeyRing([snapshot(issued.hash)]);
    assert.deepEqual(ring.verify(issued.secret, 1_000), { key: snapshot(issued.hash) });
    const last = issued.secret.at(-1) === 'a' ? 'b' : 'a';
    assert.deepEqual(ring.verify(issued.secret.slice(0, -1) + last, 1_000), { code: 'key-malformed' });
    for (let i = 3; i < 46; i++) {
      const typo =
        issued.secret.slice(0, i) + (issued.secret[i] === 'x' ? 'y' : 'x') + issued.secret.slice(i + 1);
      assert.deepEqual(ring.verify(typo, 1_000), { code: 'key-malformed' });
    }
    assert.deepEqual(ring.verify(issueKey().secret, 1_000), { code: 'key-unknown' });
    assert.deepEqual(ring.verify('Bearer x', 1_000), { code: 'key-unknown' });
    assert.equal((ring.verify(issued.secret, 2_000) as { code: string }).code, 'key-expired');
    const revoked = new KeyRing([snapshot(issued.hash, { revoked: true })]);
    assert.equal((revoked.verify(issued.secret, 1_000) as { code: string }).code, 'key-revoked');
    assert.deepEqual(ring.verify(null, 1_000), { code: 'key-missing' });
  });
});

describe('passwords', () => {
  it('verify against argon2id and nothing else', async () => {
    const stored = await hashPassword('correct horse battery staple');
    assert.match(stored, /^\$argon2id\$v=19\$m=65536,t=3,p=1\$/);
    assert.equal(await verifyPassword('correct horse battery staple', stored), true);
    assert.equal(await verifyPassword('correct horse battery stapl', stored), false);
    assert.equal(await verifyPassword('no such administrator', null), false);
  });
});
