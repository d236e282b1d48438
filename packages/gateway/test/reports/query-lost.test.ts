import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';

/* Query strings say which version of an API is meant: they reach it (BerriAI/litellm#15087). */
const SECRET = `AKIA${'QWER7YUIOPASDFGH'}`;

describe('query strings', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: {
        main: enforced(fake),
        azure: enforced(fake, { urls: [`${fake.url}/openai/v1?api-version=2024-10-21&tier=flex`] }),
        claude: enforced(fake, { dialect: 'anthropic' }),
        watched: enforced(fake, { mode: 'observe' }),
      },
    });
    key = await server.key(['main', 'azure', 'claude', 'watched']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const sent = async (query: string, system = 'main'): Promise<[number, string | undefined]> => {
    const before = fake.requests.length;
    const path = system === 'claude' ? '/v1/messages' : '/v1/chat/completions';
    const response = await server.post(`/s/${system}${path}${query}`, key, {
      model: 'm',
      max_tokens: 5,
      messages: [{ role: 'user', content: 'hi' }],
    });
    await response.text();
    return [response.status, fake.requests[before]?.path];
  };

  it('reach the AI system', async () => {
    assert.deepEqual(await sent('?beta=true', 'claude'), [200, '/v1/messages?beta=true']);
    assert.deepEqual(await sent('?api-version=2024-10-21'), [
      200,
      '/v1/chat/completions?api-version=2024-10-21',
    ]);
    assert.deepEqual(await sent('?a=1&b=x.y-z_%20w&c'), [200, '/v1/chat/completions?a=1&b=x.y-z_%20w&c=']);
    assert.deepEqual(await sent('?'), [200, '/v1/chat/completions']);
    assert.deepEqual(await sent(''), [200, '/v1/chat/completions']);
  });

  it('of the address of a system go along, and are the operator’s', async () => {
    assert.deepEqual(await sent('', 'azure'), [
      200,
      '/openai/v1/chat/completions?api-version=2024-10-21&tier=flex',
    ]);
    assert.deepEqual(await sent('?api-version=1999-01-01&beta=true', 'azure'), [
      200,
      '/openai/v1/chat/completions?api-version=2024-10-21&tier=flex&beta=true',
    ]);
  });

  it('with a GET, too: pages of models', async () => {
    const before = fake.requests.length;
    await fetch(`${server.gatewayUrl}/s/main/v1/models?limit=5&after=m-1`, {
      headers: { authorization: `Bearer ${key}` },
    });
    assert.equal(fake.requests[before]!.path, '/v1/models?limit=5&after=m-1');
  });

  it('carry no credential, and nothing that is no short value', async () => {
    for (const name of ['key', 'api_key', 'api-key', 'apikey', 'access_token', 'token', 'sig', 'Key'])
      assert.deepEqual(await sent(`?${name}=abc&beta=true`), [200, '/v1/chat/completions?beta=true'], name);
    for (const query of [`?a=${'x'.repeat(300)}`, '?a=%00', '?a=%0d%0aX:%20y', '?a=%E2%80%8B', '?a=%zz'])
      assert.deepEqual(await sent(query), [400, undefined], query);
    assert.deepEqual(await sent(`?${Array.from({ length: 40 }, (_, n) => `p${n}=1`).join('&')}`), [
      400,
      undefined,
    ]);
    assert.deepEqual(await sent('?a=1&a=2'), [400, undefined], 'two readers may take another each');
  });

  it('are judged for secrets', async () => {
    const [status, path] = await sent(`?note=${SECRET}`);
    assert.ok(status === 403 || path === '/v1/chat/completions', `${status} ${path}`);
    assert.doesNotMatch(fake.requests.at(-1)!.path, /AKIA/);
    const [row] = await server.control.exchanges({ limit: 1 });
    assert.match(row!.detections, /aws-access-token/);
    assert.equal((await sent(`?note=${SECRET}`, 'watched'))[0], 200);
  });
});
