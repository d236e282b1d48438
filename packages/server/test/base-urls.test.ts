import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { completion, type FakeSystem, fakeSystem, sendJson, type TestServer, testServer } from './harness.ts';

describe('a client whose base URL is off by the version', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    fake.answer = (req, res) =>
      req.url?.includes('/models') ? sendJson(res, '{"error":{}}', 404) : sendJson(res, completion('hello'));
    server = await testServer();
    for (const [name, dialect] of [
      ['shop', 'openai'],
      ['desk', 'anthropic'],
    ] as const)
      await server.control.addSystem('test', name, {
        ...{ dialect, urls: [fake.url], allowPrivate: true, mode: 'observe', models: [`${name}-large`] },
      });
    key = await server.key(['shop', 'desk']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const openai = (path: string) =>
    new OpenAI({ apiKey: key, baseURL: `${server.gatewayUrl}${path}`, maxRetries: 0 });
  const anthropic = (path: string) =>
    new Anthropic({ apiKey: key, baseURL: `${server.gatewayUrl}${path}`, maxRetries: 0 });
  const hello = { messages: [{ role: 'user' as const, content: 'hello' }], max_tokens: 9 };

  it('is told the path that it asked for, and the one that there is', async () => {
    await assert.rejects(
      openai('').chat.completions.create({ model: 'shop', ...hello }),
      /no route `\/chat\/completions`; the nearest is `\/v1\/chat\/completions`: the base URL of this client is to end in `\/v1`/,
    );
    await assert.rejects(
      openai('/s/shop').chat.completions.create({ model: 'm', ...hello }),
      /`\/s\/shop\/chat\/completions`; the nearest is `\/s\/shop\/v1\/chat\/completions`/,
    );
    await assert.rejects(
      anthropic('/v1').messages.create({ model: 'desk', ...hello }),
      /no route `\/v1\/v1\/messages`; the nearest is `\/v1\/messages`: the base URL of this client is to end without the version/,
    );
    const said = async (path: string): Promise<string> =>
      (await fetch(`${server.gatewayUrl}${path}`, { headers: { authorization: `Bearer ${key}` } })).text();
    assert.match(await said('/v1//models/'), /the nearest is `\/v1\/models`/);
    assert.match(await said('/v1/files?q=secret'), /no route `\/v1\/files`(?!.*secret)/);
    assert.doesNotMatch(await said(`/<b>${'x'.repeat(4_000)}`), /<b>|x{200}/);
  });

  it('gets an id of each request, ours where the AI system has none', async () => {
    const { _request_id: id } = await openai('/v1').chat.completions.create({ model: 'shop', ...hello });
    assert.match(id ?? '', /^exc_/);
    for (const call of [openai('/v1').models.list(), openai('/v1').models.retrieve('shop')])
      assert.match((await call.withResponse()).request_id ?? '', /^exc_/);
    await assert.rejects(anthropic('/v1').messages.create({ model: 'desk', ...hello }), (fault) => {
      assert.match((fault as { requestID?: string }).requestID ?? '', /^exc_/);
      return true;
    });
    fake.answer = (_req, res) => {
      res.setHeader('x-request-id', 'req_theirs');
      sendJson(res, completion('hello'));
    };
    const other = await openai('/v1').chat.completions.create({ model: 'shop', ...hello });
    assert.equal(other._request_id, 'req_theirs');
  });

  it('gets of each system, by its name, what the list has of it', async () => {
    const client = openai('/v1');
    const listed = (await client.models.list()).data;
    assert.deepEqual(
      listed.map(({ id }) => id),
      ['shop', 'shop-large'],
    );
    assert.deepEqual({ ...(await client.models.retrieve('shop')) }, { ...listed[0] });
    const { data } = await anthropic('').models.list();
    assert.deepEqual({ ...(await anthropic('').models.retrieve('desk')) }, { ...data[0] });
  });
});
