import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  sendJson,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';

/*
 * Answers tell people where to turn to: the operator's own addresses and numbers stay as they are. Which addresses are
 * nobody's: speakeasy-api/gram#3170.
 */
const OWN = ['help@acme.example', '@shop.acme.example', '+49 30 1234567', '203.0.113.80'];
const SAID =
  'Write to support@other.example or HELP@acme.example or jo.berg@shop.acme.example, call +49 (30) 1234567, host 203.0.113.80.';
const FOREIGN =
  'Jo is at jo.berg@acme.example, +49 30 7654321, 203.0.113.81, jo@shop.acme.example.evil.example.';

describe('what belongs to the operator', () => {
  let server: TestServer;
  let fake: FakeSystem;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { main: enforced(fake, { privacy: { own: OWN } }) } });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const answered = async (content: string, stream = false): Promise<string> => {
    fake.answer = (_req, res) => sendJson(res, completion(content));
    const response = await server.chat(await server.key(['main']), 'hello', { stream });
    return (JSON.parse(await response.text()) as { choices: { message: { content: string } }[] }).choices[0]!
      .message.content;
  };

  it('stays in answers', async () => assert.equal(await answered(SAID), SAID));

  it('reaches the AI system', async () => {
    await server.chat(await server.key(['main']), SAID);
    assert.match(fake.requests.at(-1)!.body.toString(), /jo\.berg@shop\.acme\.example.*\+49 \(30\) 1234567/);
  });

  it('is told from what belongs to others', async () => {
    const seen = await answered(FOREIGN);
    for (const value of ['jo.berg', '7654321', '203.0.113.81', 'jo@'])
      assert.ok(!seen.includes(value), `${value}: ${seen}`);
  });
});
