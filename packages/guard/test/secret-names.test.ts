import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { findSecrets } from '../src/index.ts';

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
    'password = "Xylograph7QuincunxMold"',
  ])
    it(`are secrets: ${line.slice(0, 60)}`, () => {
      assert.equal(findSecrets(line).length, 1);
    });
});
