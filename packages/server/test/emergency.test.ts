import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assetFactsSchema } from '@sallyport/core';
import { type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

/** What an emergency is refused, in words. */
const DESTROYS = /^emergency access destroys and weakens nothing/;
const APPROVES = /^emergency access approves nothing/;

/** What every route that changes something is to emergency access: each must stand here. */
const STANDS: Readonly<Record<string, readonly string[]>> = {
  destroys: [
    'DELETE /api/v1/people/{id}/grants/{grant}',
    'DELETE /api/v1/programs/{id}/grants/{grant}',
    'DELETE /api/v1/systems/{name}',
    'POST /api/v1/holds/{id}/lift',
    'POST /api/v1/vault/rotate',
    'POST /api/v1/vault/shred',
  ],
  approves: [
    'POST /api/v1/ai-uses/sanction',
    'POST /api/v1/findings/{fingerprint}/accept',
    'POST /api/v1/integrations/{id}/approve',
    'POST /api/v1/reviews/{id}/statement',
    'POST /api/v1/reviews/signatures',
    'POST /api/v1/secret-origins/{id}/approve',
    'POST /api/v1/sources/{id}/approve',
    'POST /api/v1/versions/{kind}/{name}/{label}/approve',
  ],
  // Decided by what is asked for: tested one by one below, in `handed-on.test.ts`, or where it is said.
  depends: [
    'POST /api/v1/inventory',
    'POST /api/v1/keys/{id}/rotate',
    'POST /api/v1/people/{id}/enable',
    'POST /api/v1/people/{id}/grants',
    'POST /api/v1/people/{id}/link',
    'POST /api/v1/people/{id}/local-user',
    'POST /api/v1/people/{id}/provider',
    'POST /api/v1/programs/{id}/enable',
    'POST /api/v1/programs/{id}/keys',
    'POST /api/v1/systems',
    'POST /api/v1/systems/{name}/mode',
    'POST /api/v1/systems/{name}/settings',
  ],
  // Stops harm, keeps things running, or is undone as easily.
  stays: [
    'DELETE /api/v1/people/{id}/sessions',
    'DELETE /api/v1/secret-origins/{id}',
    'POST /api/v1/ai-uses/decide',
    'POST /api/v1/alerts/acknowledge',
    'POST /api/v1/assessments/{name}',
    'POST /api/v1/backups',
    'POST /api/v1/backups/drill',
    'POST /api/v1/break-glass',
    'POST /api/v1/ci-runs',
    'POST /api/v1/findings/{fingerprint}/owner',
    'POST /api/v1/guard/check',
    'POST /api/v1/holds',
    'POST /api/v1/integrations',
    'POST /api/v1/integrations/{id}/end',
    'POST /api/v1/integrations/{id}/suspend',
    'POST /api/v1/keys',
    'POST /api/v1/keys/{id}/owner',
    'POST /api/v1/keys/{id}/revoke',
    'POST /api/v1/ledger/checkpoint',
    'POST /api/v1/lineage',
    'POST /api/v1/models/{name}/load',
    'POST /api/v1/models/{name}/{label}/promote',
    'POST /api/v1/models/{name}/{label}/tests',
    'POST /api/v1/people',
    'POST /api/v1/people/{id}/disable',
    'POST /api/v1/places/rollback',
    'POST /api/v1/places/withdraw',
    'POST /api/v1/policies/explain',
    'POST /api/v1/policies/test',
    'POST /api/v1/prices',
    'POST /api/v1/programs',
    'POST /api/v1/programs/{id}/disable',
    'POST /api/v1/programs/{id}/grants',
    'POST /api/v1/programs/{id}/owner',
    'POST /api/v1/reload',
    'POST /api/v1/reviews',
    'POST /api/v1/scans',
    'POST /api/v1/secret-origins',
    'POST /api/v1/sources',
    'POST /api/v1/sources/{id}/end',
    'POST /api/v1/state/accept',
    'POST /api/v1/systems/{name}/connection',
    'POST /api/v1/systems/{name}/try',
    'POST /api/v1/versions',
    'POST /api/v1/versions/{kind}/{name}/{label}/scan',
    'POST /api/v1/versions/{kind}/{name}/{label}/signature',
  ],
};
/** One's own account, signing in, and what only programs of a directory or holders of a data set may. */
const OWN = /^\w+ \/(?:api\/v1\/(?:account\/.*|datasets\/.*|session|setup)|scim\/v2\/.*)$/;

const saidOf = async (response: Response): Promise<string> => {
  const text = await response.text();
  if (response.status < 400) return 'done';
  const { code, message } = (JSON.parse(text) as { error: { code: string; message: string } }).error;
  return code === 'not-permitted' ? message : code;
};

describe('emergency access destroys nothing', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let root: TestPerson;
  let responder: TestPerson;
  const emergency = async (): Promise<TestPerson> => {
    const one = await signedIn(server, [{ role: 'responder' }]);
    const reason = 'the only administrator cannot be reached and calls fail';
    await ok(await one.call('POST', '/api/v1/break-glass', { reason, minutes: 30 }), 201);
    return one;
  };
  before(async () => {
    fake = await fakeSystem();
    server = await testServer();
    root = await signedIn(server, [{ role: 'administrator' }]);
    const added = { name: 'added', dialect: 'openai', urls: [fake.url], allowPrivate: true, mode: 'enforce' };
    await ok(await root.call('POST', '/api/v1/systems', added), 201);
    responder = await emergency();
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const routes = async (): Promise<string[]> => {
    const { paths } = (await (await fetch(`${server.controlUrl}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'get' && /^\/(?:api|scim)\//.test(path))
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
  };

  it('every route that changes something is refused or stays, as the table says', async () => {
    const stands = Object.values(STANDS).flat();
    const all = (await routes()).filter((one) => !OWN.test(one));
    assert.deepEqual([...stands].sort(), all.sort());
    const victim = await signedIn(server, [{ role: 'viewer' }], false);
    for (const [kind, some] of Object.entries(STANDS))
      for (const one of kind === 'depends' ? [] : some) {
        const [method = '', path = ''] = one.split(' ');
        // None of these is asked for in full: what is permitted says then what is missing.
        const asked = path
          .replace('{id}', path.includes('/people/') ? victim.id : 'none')
          .replace('{name}', 'none')
          .replaceAll(/\{\w+\}/g, 'none');
        const said = await saidOf(
          await responder.call(method, asked, method === 'DELETE' ? undefined : { none: 1 }),
        );
        if (kind === 'destroys') assert.match(said, DESTROYS, one);
        else if (kind === 'approves') assert.match(said, APPROVES, one);
        else assert.doesNotMatch(said, /^emergency|^no role/, one);
      }
  });

  it('enforcing stays and observing is refused', async () => {
    const mode = async (to: string): Promise<string> =>
      saidOf(await responder.call('POST', '/api/v1/systems/added/mode', { mode: to }));
    assert.match(await mode('observe'), DESTROYS);
    assert.equal(await mode('enforce'), 'done');
  });

  it('more risk of something is told and less is refused', async () => {
    const { id } = await signedIn(server, [{ role: 'operator' }]);
    const facts = { ...assetFactsSchema.parse({}), owner: id };
    await (await server.control.inventory()).register('test', 'model', 'told', facts);
    const tell = async (risk: string): Promise<string> =>
      saidOf(
        await responder.call('POST', '/api/v1/inventory', { kind: 'model', name: 'told', facts: { risk } }),
      );
    assert.match(await tell('minimal'), DESTROYS);
    assert.equal(await tell('high'), 'done');
  });

  it('nor by a role handed on, a program made for it, or a key of a program that was there', async () => {
    const asProgram = (key: string, method: string, path: string, body?: object): Promise<Response> =>
      fetch(`${server.controlUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      });
    const other = await signedIn(server, [{ role: 'viewer' }]);
    await ok(
      await responder.call('POST', `/api/v1/people/${other.id}/grants`, { role: 'administrator' }),
      201,
    );
    const add = async (by: TestPerson, name: string): Promise<string> => {
      const asked = { name, purpose: 'x', grants: [{ role: 'operator' }] };
      return (await ok<{ id: string }>(await by.call('POST', '/api/v1/programs', asked), 201)).id;
    };
    const made = await add(responder, 'made-for-it');
    const { key } = await ok<{ key: string }>(
      await responder.call('POST', `/api/v1/programs/${made}/keys`, {}),
      201,
    );
    assert.match(await saidOf(await asProgram(key, 'DELETE', '/api/v1/systems/added')), DESTROYS);
    assert.match(
      await saidOf(await asProgram(key, 'POST', '/api/v1/systems/added/mode', { mode: 'observe' })),
      DESTROYS,
    );
    const old = await add(root, 'was-there');
    const oldKey = await ok<{ id: string }>(await root.call('POST', `/api/v1/programs/${old}/keys`, {}), 201);
    for (const path of [`programs/${old}/keys`, `keys/${oldKey.id}/rotate`])
      assert.match(await saidOf(await responder.call('POST', `/api/v1/${path}`, {})), DESTROYS, path);
    assert.equal(await saidOf(await responder.call('POST', `/api/v1/keys/${oldKey.id}/revoke`)), 'done');
  });

  it('whoever may without it goes on, though they were given a role in an emergency', async () => {
    const admin = await signedIn(server, [{ role: 'administrator' }]);
    const victim = await signedIn(server, [{ role: 'viewer' }], false);
    await ok(await responder.call('POST', `/api/v1/people/${admin.id}/grants`, { role: 'viewer' }), 201);
    const login = await root.call('GET', '/api/v1/people');
    const { people } = await ok<{ people: { id: string; grants: { id: string }[] }[] }>(login, 200);
    const grant = people.find(({ id }) => id === victim.id)!.grants[0]!.id;
    const { authoriser, installation } = server.control;
    const person = (await installation.store.people.byId(admin.id))!;
    const grants = await installation.store.people.grants(new Date().toISOString(), `person:${admin.id}`);
    assert.equal(grants.length, 2);
    const session = { level: 3, provenAt: new Date().toISOString() };
    const principal = { kind: 'person', who: { person, grants, session } } as never;
    const target = { kind: 'person', id: victim.id } as const;
    await authoriser.require(principal, 'take-roles', target, '127.0.0.1', true);
    assert.match(
      await saidOf(await responder.call('DELETE', `/api/v1/people/${victim.id}/grants/${grant}`)),
      DESTROYS,
    );
  });
});
