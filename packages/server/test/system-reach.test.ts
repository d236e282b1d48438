import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { diagnose } from '../src/doctor.ts';
import { reachSystems } from '../src/system-reach.ts';
import {
  enforced,
  everySystem,
  type FakeSystem,
  fakeSystem,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';
import { signedIn } from './people.ts';

describe('whether an AI system can be reached', () => {
  let fake: FakeSystem;
  let server: TestServer;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: {
        main: enforced(fake),
        hidden: enforced(fake, { allowPrivate: false }),
        nowhere: enforced(fake, { urls: ['http://nothing.invalid'] }),
        closed: enforced(fake, { urls: ['http://127.0.0.1:9'] }),
        twice: enforced(fake, { urls: [fake.url, 'http://127.0.0.1:9'] }),
      },
    });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const found = async (name: string): Promise<string[]> =>
    (await reachSystems(server.control, [name]))
      .get(name)!
      .map(({ ok, detail, remedy }) => `${ok} ${detail} ${remedy === null ? '' : '!'}`);

  it('is seen as its calls see it, and said in words', async () => {
    assert.deepEqual(await found('main'), ['true answers with 200 ']);
    assert.equal(fake.requests.at(-1)!.path, '/v1/models');
    assert.deepEqual(await found('hidden'), [
      'false its address is not public, and calls to it are refused !',
    ]);
    assert.deepEqual(await found('nowhere'), ['false there is no such host !']);
    assert.deepEqual(await found('closed'), ['false no answer (ECONNREFUSED) !']);
    assert.deepEqual(await found('twice'), ['true answers with 200 ', 'false no answer (ECONNREFUSED) !']);
    for (const [status, said] of [
      [401, 'false answers with 401: it wants a credential, and none is set !'],
      [503, 'false answers with 503 !'],
      [404, 'true answers with 404 '],
    ] as const) {
      fake.answer = (_req, res) => sendJson(res, '{}', status);
      assert.deepEqual(await found('main'), [said]);
    }
    fake.answer = (_req, res) => sendJson(res, '{}');
  });

  it('is asked once at a time, however many look after the health of all', async () => {
    const viewer = await signedIn(server, [{ role: 'viewer' }]);
    const before = fake.requests.length;
    let most = 0;
    let now = 0;
    fake.answer = (_req, res) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        sendJson(res, '{}');
      }, 300);
    };
    const paths = ['/api/v1/doctor', '/api/v1/doctor', '/api/v1/doctor', '/api/v1/doctor'];
    const answers = await Promise.all(paths.map((path) => viewer.call('GET', path)));
    assert.ok(answers.every(({ status }) => status === 200));
    // Two of the systems are there, by one address each.
    assert.ok(most <= 2, `${most} at a time`);
    assert.ok(fake.requests.length > before);
    fake.answer = (_req, res) => sendJson(res, '{}');
  });

  it('is asked over the API, by who may change systems', async () => {
    const operator = await signedIn(server, [{ role: 'operator' }]);
    const asked = await operator.call('POST', '/api/v1/systems/main/connection');
    assert.equal(asked.status, 200);
    assert.deepEqual(await asked.json(), {
      connections: [{ url: fake.url, ok: true, detail: 'answers with 200', remedy: null }],
    });
    const viewer = await signedIn(server, [{ role: 'viewer' }]);
    assert.equal((await viewer.call('POST', '/api/v1/systems/main/connection')).status, 403);
    assert.equal((await operator.call('POST', '/api/v1/systems/none/connection')).status, 404);
  });

  it('is refused at once where no call would be made', async () => {
    const operator = await signedIn(server, [{ role: 'operator' }]);
    for (const [url, allowPrivate, status] of [
      ['http://127.0.0.1:9', false, 400],
      ['http://localhost:9', false, 400],
      ['http://[::1]:9', false, 400],
      ['http://10.0.0.8', false, 400],
      ['http://169.254.169.254', true, 400],
      ['http://10.0.0.8', true, 201],
      ['http://models.example', false, 201],
    ] as const) {
      const name = `n${status}-${url.replaceAll(/[^a-z0-9]+/g, '-')}`.slice(0, 40).replace(/-$/, '');
      const added = await operator.call('POST', '/api/v1/systems', {
        name,
        dialect: 'openai',
        urls: [url],
        allowPrivate,
      });
      assert.equal(added.status, status, `${url} ${await added.text()}`);
      const known = await server.control.systems();
      assert.equal(
        known.some((one) => one.name === name),
        status === 201,
      );
    }
  });

  it('the doctor says of each what its calls would find, and warns of what protects nothing yet', async () => {
    const key = await server.control.apiKeys.create('test', {
      name: 'short',
      systems: ['main'],
      expires: '2d',
    });
    const checks = async (): Promise<Map<string, string>> =>
      new Map(
        (await diagnose(server.control, await everySystem(server))).map(({ check, level, ok }) => [
          check,
          `${level} ${ok}`,
        ]),
      );
    const first = await checks();
    assert.equal(first.get('reach main'), 'ok true');
    assert.equal(first.get('reach hidden'), 'bad false');
    assert.equal(first.get('reach twice at http://127.0.0.1:9'), 'bad false');
    assert.equal(first.get('keys'), 'bad false');
    for (const check of ['backup', 'witness', 'approver'])
      assert.equal(first.get(check), 'warning true', check);
    await server.control.apiKeys.rotate('test', key.id, { expires: '30d' });
    await signedIn(server, [{ role: 'approver' }]);
    const then = await checks();
    assert.equal(then.get('keys'), 'ok true');
    assert.equal(then.get('approver'), 'ok true');
  });
});
