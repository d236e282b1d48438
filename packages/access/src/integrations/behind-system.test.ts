import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { manifestSchema } from '@sallyport/core';
import { behindSystem, closedVendors } from './behind-system.ts';
import type { ThirdParty } from './third-parties.ts';

const seen = { key: 'k', issuer: 'i' };
const party = (more: object = {}): ThirdParty =>
  ({
    id: 'int_1',
    name: 'acme',
    kind: 'vendor-model',
    status: 'approved',
    why: '',
    live: true,
    approvedAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '2027-01-01T00:00:00.000Z',
    manifest: manifestSchema.parse({
      purpose: 'x',
      origins: ['https://api.acme.example'],
      systems: ['chat'],
      allowPrivate: false,
    }),
    seen: { certificates: { 'https://api.acme.example': seen }, tools: {} },
    digest: '',
    replaces: [],
    ...more,
  }) as unknown as ThirdParty;
const behind = (url: string, name = 'other', isSame?: (a: string, b: string) => boolean) =>
  behindSystem([party()], { name, urls: [url], dataClasses: [] }, false, isSame);

describe('the third party behind a system', () => {
  it('is known, and its certificate held to what was approved, however the system spells its place', () => {
    for (const url of [
      'https://api.acme.example',
      'https://api.acme.example./v1',
      'https://API.acme.example:443/v1',
    ])
      for (const name of ['chat', 'other']) {
        const found = behind(url, name);
        assert.equal(found?.refusal, null, url);
        assert.deepEqual(found.certificates, { [new URL(url).origin]: seen }, url);
      }
  });

  it('is not called by another protocol than was approved', () => {
    assert.match(behind('http://api.acme.example:443')!.refusal!, /does not name the origin/);
    assert.equal(behind('http://api.acme.example'), null, 'port 80 is another place');
  });

  it('is known by another name that leads there', () => {
    assert.equal(behind('http://alias.example:443'), null);
    const same = (a: string, b: string): boolean => [a, b].every((url) => new URL(url).hostname.length > 0);
    assert.match(behind('http://alias.example:443', 'other', same)!.refusal!, /does not name the origin/);
  });

  it('closes its places while it is not live', () => {
    assert.deepEqual(closedVendors([party()]), []);
    const [closed] = closedVendors([party({ live: false, status: 'suspended', why: 'an incident' })]);
    assert.equal(closed!.url, 'https://api.acme.example');
    assert.match(closed!.why, /suspended: an incident/);
    assert.deepEqual(closedVendors([party({ live: false, status: 'proposed', approvedAt: null })]), []);
    assert.deepEqual(closedVendors([party({ live: false, kind: 'webhook' })]), []);
  });
});
