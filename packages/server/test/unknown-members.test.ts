import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { signedIn, type TestPerson } from './people.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly propertyNames?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}
interface Document {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
  readonly paths: Readonly<
    Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>
  >;
}

/** Bodies whose standard says that what is not known in them is passed over, by the beginning of their place. */
const OPEN: Readonly<Record<string, string>> = {
  'POST /token': 'RFC 6749, section 3.2: parameters that are not recognised are ignored',
  'POST /sign-on/back-channel-logout':
    'OpenID Connect Back-Channel Logout 1.0, section 2.5: others are ignored',
  'POST /scim/v2/': 'RFC 7644, section 3.3: attributes that are not known are ignored',
  'PUT /scim/v2/': 'RFC 7644, section 3.5.1',
  'PATCH /scim/v2/': 'RFC 7644, section 3.5.2',
  'POST /api/v1/session.passkey': 'WebAuthn Level 3, section 5.1: browsers add members to a credential',
  'POST /api/v1/session.proof.passkey': 'the same',
  'POST /api/v1/account/proof.proof.passkey': 'the same',
  'POST /api/v1/account/passkeys.passkey': 'the same',
  'POST /api/v1/reviews/signatures.proof.passkey': 'the same',
};

describe('members that no one knows', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let admin: TestPerson;
  let approver: TestPerson;
  let document: Document;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { chat: enforced(fake) } });
    admin = await signedIn(server, [{ role: 'administrator' }]);
    approver = await signedIn(server, [{ role: 'approver' }]);
    document = (await (await fetch(`${server.controlUrl}/openapi.json`)).json()) as Document;
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const isOpen = (at: string): boolean => Object.keys(OPEN).some((start) => at.startsWith(start));
  const resolved = (schema: Schema): Schema =>
    schema.$ref === undefined
      ? schema
      : resolved(document.components.schemas[schema.$ref.split('/').at(-1)!]!);
  const bodies = (): { method: string; path: string; type: string; schema: Schema }[] =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { requestBody }]) =>
        Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => ({
          method: method.toUpperCase(),
          path,
          type,
          schema,
        })),
      ),
    );

  it('are refused wherever a body has members, by its schema', () => {
    const open = new Set<string>();
    const walk = (schema: Schema, at: string, depth = 0): void => {
      if (depth > 12) return;
      const own = resolved(schema);
      // A record of a fixed list of names says them as what names may be.
      if (own.properties && own.additionalProperties !== false && !own.propertyNames) open.add(at);
      for (const one of [...(own.anyOf ?? []), ...(own.oneOf ?? []), ...(own.allOf ?? [])])
        walk(one, at, depth + 1);
      for (const [name, one] of Object.entries(own.properties ?? {})) walk(one, `${at}.${name}`, depth + 1);
      if (own.items) walk(own.items, `${at}[]`, depth + 1);
      if (typeof own.additionalProperties === 'object') walk(own.additionalProperties, `${at}.*`, depth + 1);
    };
    for (const { method, path, schema } of bodies()) walk(schema, `${method} ${path}`);
    // Names of these are a fixed list, which their schema does not say: they are tried below.
    for (const side of ['input', 'output']) open.delete(`POST /api/v1/systems.policy.${side}`);
    assert.deepEqual([...open].filter((at) => !isOpen(at)).sort(), []);
    for (const start of Object.keys(OPEN))
      assert.ok(
        [...open].some((at) => at.startsWith(start)),
        `${start} is open no more`,
      );
  });

  it('are refused by every route that takes a body, before anything of it is done', async () => {
    let asked = 0;
    for (const { method, path, type } of bodies()) {
      if (isOpen(`${method} ${path}`)) continue;
      const where = path.replaceAll(/\{[^}]+\}/g, 'x');
      for (const body of [
        { nobodyKnowsThis: 1 },
        { nobodyKnowsThis: 1, digest: '0'.repeat(64), reason: 'x' },
      ]) {
        assert.equal(type, 'application/json');
        const answers = [await admin.call(method, where, body), await approver.call(method, where, body)];
        for (const answer of answers) {
          assert.ok(answer.status >= 400 && answer.status < 500, `${method} ${path}: ${answer.status}`);
          await answer.arrayBuffer();
        }
        assert.ok(
          answers.some(({ status }) => [400, 403].includes(status)),
          `${method} ${path}: ${answers.map(({ status }) => status)}`,
        );
      }
      asked++;
    }
    assert.ok(asked >= 50, `${asked} routes`);
  });

  it('spoil a body that is right but for them, and a body without them is taken', async () => {
    const run = '11111111-1111-4111-8111-111111111111';
    const job = { namespace: 'n', name: 'j' };
    const lineage = { eventTime: new Date().toISOString(), run: { runId: run }, job };
    for (const [path, body] of [
      ['/api/v1/vault/rotate', { what: 'data' }],
      ['/api/v1/vault/shred', { purpose: 'subject:nobody' }],
      ['/api/v1/holds', { system: 'chat', reason: 'a case' }],
      ['/api/v1/state/accept', { row: 'people/x', reason: 'it is right' }],
      ['/api/v1/lineage', lineage],
      ['/api/v1/backups', { of: 'data' }],
      ['/api/v1/backups/drill', { file: 'x' }],
    ] as const) {
      const refused = await admin.call('POST', path, { ...body, nobodyKnowsThis: 1 });
      assert.equal(refused.status, 400, path);
      assert.match(await refused.text(), /nobodyKnowsThis/, path);
    }
    for (const wrong of [
      { ...lineage, run: { runId: run, more: 1 } },
      { ...lineage, job: { ...job, more: 1 } },
      { ...lineage, inputs: [{ ...job, more: 1 }] },
    ])
      assert.equal((await admin.call('POST', '/api/v1/lineage', wrong)).status, 400);
    const system = { name: 'extra', dialect: 'openai', urls: [fake.url], allowPrivate: true };
    for (const side of ['input', 'output']) {
      const policy = { [side]: { nobodyKnowsThis: 'deny' } };
      assert.equal((await admin.call('POST', '/api/v1/systems', { ...system, policy })).status, 400, side);
    }
    // What the standard has, and what facets hold, passes.
    const facets = { anything: { _producer: 'https://x', _schemaURL: 'https://y', at: [1, { all: true }] } };
    const whole = {
      ...lineage,
      eventType: 'COMPLETE',
      producer: 'https://x',
      schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
      run: { runId: run, facets },
      job: { ...job, facets },
      inputs: [{ ...job, facets, inputFacets: facets }],
      outputs: [{ namespace: 'n', name: 'o', facets, outputFacets: facets }],
    };
    assert.equal((await admin.call('POST', '/api/v1/lineage', whole)).status, 201);
    assert.equal(
      (await admin.call('POST', '/api/v1/holds', { system: 'chat', reason: 'a case' })).status,
      201,
    );
  });
});
