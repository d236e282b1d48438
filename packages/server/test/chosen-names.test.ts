import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

/* Names that the caller chose stand in answers as they were chosen: in another case than the protocol's, and with any values. */
const NAMED = {
  Name: 'a',
  ID: 'b',
  Title: 'c',
  index: 1.5,
  output_index: 'first',
  choices: 'none',
  Message: ['d'],
};

const property = { type: 'string', description: 'what it is' };
const SCHEMA = {
  type: 'object',
  properties: Object.fromEntries(Object.keys(NAMED).map((name) => [name, property])),
  required: Object.keys(NAMED),
  additionalProperties: false,
};

/** What a response says of what it was asked with, or found. */
const SAID: Readonly<Record<string, object>> = {
  'the shape that it was asked for': {
    text: { format: { type: 'json_schema', name: 'offices', strict: true, schema: SCHEMA } },
  },
  'what fills the template of a prompt': { prompt: { id: 'pmpt_1', version: '2', variables: NAMED } },
  'attributes of files': {
    output: [
      {
        ...{ type: 'file_search_call', id: 'fs_1', status: 'completed', queries: ['offices'] },
        results: [{ file_id: 'file-1', filename: 'a.md', score: 0.5, text: 'offices', attributes: NAMED }],
      },
    ],
  },
  'tools and metadata': {
    tools: [{ type: 'function', name: 'look', parameters: SCHEMA, strict: true }],
    metadata: { Name: 'a', index: 'b' },
  },
};

describe('a response with names that the caller chose', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { main: enforced(fake) } });
    key = await server.key(['main']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  for (const [what, said] of Object.entries(SAID))
    it(`passes, whole and in a stream: ${what}`, async () => {
      const response = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', output: [], ...said };
      fake.answer = (_req, res) => sendJson(res, JSON.stringify(response));
      const ask = (stream: boolean): Promise<Response> =>
        server.post('/v1/responses', key, { model: 'm', input: 'hello', stream });
      assert.deepEqual(await (await ask(false)).json(), response);
      const events = ['created', 'completed'].map((name) => ({ type: `response.${name}`, response }));
      const frames = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      fake.answer = (_req, res) => sendEvents(res, frames);
      assert.equal(await (await ask(true)).text(), frames.join(''));
    });

  it('has none in the place of the protocol’s own', async () => {
    for (const response of [
      { Output: [] },
      { output: [{ Type: 'message' }] },
      { output: [{ content: [{ Text: 'a' }] }] },
    ]) {
      fake.answer = (_req, res) =>
        sendJson(res, JSON.stringify({ id: 'resp_1', object: 'response', ...response }));
      const answer = await server.post('/v1/responses', key, { model: 'm', input: 'hello' });
      assert.match(await answer.text(), /upstream-invalid/);
    }
  });
});
