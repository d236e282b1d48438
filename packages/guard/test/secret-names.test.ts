import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { findSecrets, Inspector } from '../src/index.ts';

const HASH = createHash('sha256').update('a build').digest('hex');
const ULID = '01JDSQ4X9ZKT6M2WV8R3CBN5HA';
/** Of letters and figures as a provider draws them. */
const KEY = 'q7Rz2KfW9mXc4TbL8vNs';

describe('values that a name is given to', () => {
  for (const line of [
    `cache_key = "${HASH}"`,
    `SRCREV_key = "${HASH.slice(0, 40)}"`,
    `partition_key: ${randomUUID()}`,
    `primaryKey=${ULID}`,
    `"idempotencyKey": "${randomUUID()}"`,
    `shard_key: ${HASH.slice(0, 32)}`,
    `sortKey="${ULID}"`,
    `public_key: "${Buffer.from(HASH, 'hex').toString('base64')}"`,
    `next_page_token=${KEY}`,
    `key_id: ${ULID}`,
    `apiKeyHash: ${HASH}`,
    `keyword: ${KEY}`,
    'peer_public_key: X448PublicKey',
    'credential: X509Credential',
    'RegOpenKeyEx = win32api.RegOpenKeyEx',
    'exports.setRealtimeAPIKeyCacheContext = setRealtimeAPIKeyCacheContext',
    'X509AuthorityKeyIDExtension = exports.X509AuthorityKeyIDExtension',
    '# overload key: 3way_comparison',
    'https://www.google.com/maps/search/?api=1&query=47.5951518,-122.3316393',
    'https://www.google.com/maps/dir/?api=1&origin=47.5951518,-122.3316393&destination=47.60,-122.33',
    'https://www.google.com/maps/search/?api=1&query=47.5951518%2C-122.3316393',
    '<a href="https://maps.example/?api=1&amp;query=47.5951518%2C-122.3316393">',
    '<a href="https://maps.example/?key=abcd12&amp;query=47.5951518%2C-122.3316393">',
    '/login?next=https%3A%2F%2Fm.example%2F%3Fapi%3D1%26query%3D47.5951518',
    'https://mail.example/u?authuser=0&hl=en&entry=ttu&g_ep=EgoyMDI0MTEyNC4xIKXMDSoASAFQAw',
    'https://x.example/?access=public&sort=asc&cursor=Zx41LwQ7vB3nT6',
    'curl -d "api=1&query=47.5951518,-122.33" x.example',
    'stripe.api_key = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"',
  ])
    it(`are no secrets: ${line.slice(0, 60)}`, () => {
      assert.deepEqual(findSecrets(line), []);
    });

  for (const line of [
    `api_key = "${KEY}"`,
    `access-token: ${KEY}`,
    `auth_key=${HASH}`,
    `"client_secret": "${KEY}"`,
    `storage_key: ${KEY}`,
    `cache_secret_key = "${KEY}"`,
    `private_key_id_secret=${KEY}`,
    `row_password: ${KEY}`,
    `KEY=${KEY}`,
    `token: "${KEY}"`,
    `api_key: 1f0c9a52-7b3e-4d68-8e1a-c5f2b9d07a64`,
    `signing_key=${HASH}`,
    `https://x.example/?api=1&query=47.59&api_key=${KEY}`,
    `https://x.example/?api_key=${KEY}&api=1&query=47.5951518`,
    `grant_type=code&client_secret=${KEY}&api=1`,
    `client_secret=${KEY}&grant_type=code`,
    `secret_key='q7Rz2&ab=KfW9mXc4TbL8vNs'`,
    `https://x.example/?id=1&password=q7Rz2%26KfW9mXc4TbL8vNs`,
    `password=q7Rz2&xY=KfW9mXc4TbL8vNs`,
    'password = "Xylograph7QuincunxMold"',
  ])
    it(`are secrets: ${line.slice(0, 60)}`, () => {
      assert.equal(findSecrets(line).length, 1);
    });

  it('end where the next parameter begins', () => {
    const line = `https://x.example/?api_key=${KEY}&api=1&query=47.5951518`;
    assert.deepEqual(
      findSecrets(line).map(({ start, end }) => line.slice(start, end)),
      [KEY],
    );
  });
});

describe('values that a name is given to, as the gates read them', () => {
  const inspector = new Inspector();
  const secrets = (text: string): string[] =>
    inspector
      .inspect({ text, pointer: '', channel: 'document' })
      .filter(({ detector }) => detector === 'secret')
      .map(({ location }) => text.slice(location.start, location.end));
  const [sha1, md5] = [HASH.slice(0, 40), '9f86d081884c7d659a2feaa0c55ad015'];

  for (const text of [
    '{"items":[],"next_page_token":"CiAKGjBpNDd2Nmp2Zml2cXRwYjBpOXA"}',
    '{"nextPageToken":"CiAKGjBpNDd2Nmp2Zml2cXRwYjBpOXA"}',
    `nodeKey: ${ULID}`,
    `{"order_key":"${ULID}"}`,
    `query_key=${ULID}`,
    ...['layer', 'storage', 'build', 'task', 'state', 'chunk', 'artifact'].map(
      (word) => `{"${word}_key": "${md5}"}`,
    ),
    `content_key: ${HASH}`,
    `commit_token=${sha1}`,
    `accessLevel: ${md5}`,
    `etag_key: "${md5}"`,
    `request_token: "${ULID.toLowerCase()}"`,
    `row.chunk_key = "${md5}"`,
  ])
    it(`are no secrets: ${text.slice(0, 50)}`, () => assert.deepEqual(secrets(text), []));

  for (const [text, secret] of [
    ['api_key', md5],
    ['secret_key', HASH],
    ['access_token', sha1],
    ['session_token', HASH],
    ['encryption_key', HASH],
    ['clientKey', md5],
    ['userToken', sha1],
    ['apikey', md5],
    ['authtoken', sha1],
    ['key', md5],
    ['token', HASH],
    ['stripe_key', md5],
    ['datadog_key', md5],
    ['layer_secret_key', md5],
    ['layer_api_key', md5],
    ['layer_key', KEY],
  ] as const)
    it(`are secrets: ${text}`, () => assert.deepEqual(secrets(`{"${text}":"${secret}"}`), [secret]));
});
