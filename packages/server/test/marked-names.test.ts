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

const MAIL = 'jane.doe@example.com';

describe('members whose names end with a mark', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { claude: enforced(fake, { dialect: 'anthropic' }) } });
    key = await server.key(['claude']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const use = (input: object): object => ({ type: 'tool_use', id: 't', name: 'crm', input });
  const ask = (messages: object[], stream = false): Promise<Response> =>
    server.post('/v1/messages', key, { model: 'm', max_tokens: 9, stream, messages });
  const hello = { role: 'user', content: 'file it' };

  for (const name of ['Contact', 'Contact#', 'Contact~#', '#', 'a/b#'])
    it(`\`${name}\`: their values are masked like all others, in requests and in answers`, async () => {
      const input = { [name]: MAIL };
      fake.answer = (_req, res) => sendJson(res, JSON.stringify({ type: 'message', content: [use(input)] }));
      const response = await ask([
        hello,
        { role: 'assistant', content: [use(input)] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'done' }] },
      ]);
      const text = await response.text();
      assert.equal(response.status, 200, text);
      assert.ok(
        fake.requests
          .at(-1)!
          .body.toString()
          .includes(JSON.stringify({ [name]: '[EMAIL_1]' })),
      );
      assert.ok(text.includes(JSON.stringify({ [name]: '[EMAIL_1]' })), text);
      const events = [
        { type: 'content_block_start', index: 0, content_block: use(input) },
        { type: 'other', [name]: MAIL },
      ];
      fake.answer = (_req, res) =>
        sendEvents(
          res,
          events.map((event) => `data: ${JSON.stringify(event)}\n\n`),
        );
      const streamed = await (await ask([hello], true)).text();
      assert.ok(!streamed.includes(MAIL) && !streamed.includes('output-denied'), streamed);
    });

  it('a name that is itself personal cannot be masked, and is refused', async () => {
    assert.equal((await ask([{ role: 'assistant', content: [use({ [MAIL]: 'x' })] }, hello])).status, 403);
  });
});
