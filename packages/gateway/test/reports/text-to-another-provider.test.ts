import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';

/*
 * A model that names one system is never answered by another, whose provider would read what was not meant for it: clients of
 * several providers write `PROVIDER/MODEL` (a newcomer's find).
 */
describe('a model that names a system', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let both: string;
  let one: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: {
        chat: enforced(fake),
        claude: enforced(fake, { dialect: 'anthropic' }),
        scorer: enforced(fake, { dialect: 'oip' }),
      },
    });
    both = await server.key(['chat', 'claude']);
    one = await server.key(['chat']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const ask = async (key: string, model: string): Promise<[number, string]> => {
    const before = fake.requests.length;
    const messages = [{ role: 'user', content: 'for the one I name' }];
    const response = await server.post('/v1/chat/completions', key, { model, messages });
    const text = await response.text();
    if (response.status !== 200) assert.equal(fake.requests.length, before, 'nothing was sent');
    return [response.status, text];
  };

  it('is refused where that system speaks another dialect, in words that say so', async () => {
    for (const model of ['claude/claude-4', 'claude']) {
      const [status, text] = await ask(both, model);
      assert.equal(status, 404);
      assert.match(text, /`claude` speaks anthropic/);
    }
  });

  it('is refused where the key may not call it, and nothing is told of it', async () => {
    for (const model of ['claude/claude-4', 'scorer/fraud', 'scorer']) {
      const [status, text] = await ask(one, model);
      assert.equal(status, 403);
      assert.doesNotMatch(text, /anthropic|oip/);
    }
  });

  it('goes where it says, and other names go on as they are', async () => {
    for (const [model, sent] of [
      ['chat/gpt-5', 'gpt-5'],
      ['meta-llama/Llama-3.1-8B', 'meta-llama/Llama-3.1-8B'],
      ['claude-4', 'claude-4'],
    ] as const) {
      assert.equal((await ask(both, model))[0], 200);
      assert.equal((JSON.parse(String(fake.requests.at(-1)!.body)) as { model: string }).model, sent);
    }
  });
});
