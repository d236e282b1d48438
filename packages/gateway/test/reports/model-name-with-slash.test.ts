import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';

/* Names of models hold slashes, and SDKs encode them in paths (BerriAI/litellm#37271, ollama/ollama#10139). */
const NAMES = [
  'meta-llama/Llama-3.1-8B',
  'hf.co/unsloth/Qwen3-Coder-30B-A3B-Instruct-1M-GGUF:Q4_K_M',
  'accounts/fireworks/models/llama-v3',
  'gpt-4o',
  'ft:gpt-4o:org::id',
  '@cf/meta/llama-3',
];

describe('names of models in paths', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: {
        gpt: enforced(fake),
        claude: enforced(fake, { dialect: 'anthropic' }),
        scorer: enforced(fake, { dialect: 'oip' }),
      },
    });
    key = await server.key(['gpt', 'claude', 'scorer']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const get = async (path: string): Promise<[number, string | undefined, string | null]> => {
    const before = fake.requests.length;
    const response = await fetch(`${server.gatewayUrl}${path}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    await response.text();
    const [row] = await server.control.exchanges({ limit: 1 });
    return [response.status, fake.requests[before]?.path, row!.model];
  };

  for (const name of NAMES) {
    it(`${name}: with slashes encoded and as they are`, async () => {
      const encoded = encodeURIComponent(name);
      for (const system of ['gpt', 'claude']) {
        assert.deepEqual(await get(`/s/${system}/v1/models/${encoded}`), [
          200,
          `/v1/models/${encoded}`,
          name,
        ]);
        assert.deepEqual(await get(`/s/${system}/v1/models/${name}`), [200, `/v1/models/${name}`, name]);
      }
    });
    it(`${name}: to a classifier`, async () => {
      const encoded = encodeURIComponent(name);
      const before = fake.requests.length;
      fake.answer = (_req, res) => {
        res.writeHead(200, { 'content-type': 'application/json' });
        res.end('{"outputs":[]}');
      };
      const body = { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }] };
      const response = await server.post(`/s/scorer/v2/models/${encoded}/infer`, key, body);
      assert.equal(response.status, 200, await response.text());
      assert.equal(fake.requests[before]!.path, `/v2/models/${encoded}/infer`);
    });
  }

  it('leads nowhere else', async () => {
    for (const path of [
      '..%2f..%2fadmin',
      '..%2Fx',
      'a%2F..%2Fb',
      'a/../b',
      'a/./b',
      'a//b',
      'a%2F%2Fb',
      '%2Fetc',
      'a%00b',
      'a%252Fb',
      'a%0d%0a',
      'a%5Cb',
      'a%3Fb=c',
      'a%23b',
      'a%zz',
      'a%E2%80%8Bb',
      `${'a/'.repeat(40)}b`,
    ]) {
      const before = fake.requests.length;
      // `fetch` would resolve the steps itself.
      const status = await raw(`${server.gatewayUrl}`, `/s/gpt/v1/models/${path}`, key);
      assert.deepEqual([status, fake.requests.length - before], [404, 0], path);
    }
  });

  it('a key for one model is held to it however the name is written', async () => {
    const created = await server.control.apiKeys.create('test', {
      name: 'narrow',
      systems: ['gpt'],
      scope: { models: ['meta-llama/Llama-3.1-8B'] },
    });
    const ask = async (path: string): Promise<number> => {
      const headers = { authorization: `Bearer ${created.key}` };
      return (await fetch(`${server.gatewayUrl}/s/gpt/v1/models/${path}`, { headers })).status;
    };
    assert.equal(await ask('meta-llama%2FLlama-3.1-8B'), 200);
    assert.equal(await ask('meta-llama/Llama-3.1-8B'), 200);
    assert.equal(await ask('meta-llama%2FLlama-3.1-70B'), 403);
    assert.equal(await ask('meta%2Dllama%2FLlama-3.1-8B'), 200);
  });
});

async function raw(origin: string, path: string, key: string): Promise<number> {
  const { request } = await import('node:http');
  return new Promise((done, fail) => {
    const { hostname, port } = new URL(origin);
    const req = request({ hostname, port, path, headers: { authorization: `Bearer ${key}` } }, (res) => {
      res.resume();
      done(res.statusCode!);
    });
    req.on('error', fail);
    req.end();
  });
}
