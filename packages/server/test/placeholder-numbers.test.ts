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
} from './harness.ts';

const [ANN, BEN, CLEO] = [
  'ann.smith@mail.example',
  'ben.jones@mail.example',
  'cleo.moore@mail.example',
] as const;

type Body = Record<string, unknown> & { readonly messages: readonly unknown[] };

describe('numbers of placeholders', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const policy = { input: { pii: 'redact' } };
    server = await testServer({
      systems: {
        chat: enforced(fake, { policy }),
        claude: enforced(fake, { dialect: 'anthropic', policy }),
      },
    });
    key = await server.key(['chat', 'claude']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  /** What goes on of a call, and what comes back of an answer that repeats it. */
  const sent = async (body: object, says = 'fine'): Promise<{ body: Body; answer: string }> => {
    fake.answer = (_req, res) => sendJson(res, completion(says));
    const response = await server.post('/s/chat/v1/chat/completions', key, { model: 'm', ...body });
    const answer = await response.text();
    assert.equal(response.status, 200, answer);
    return { body: JSON.parse(fake.requests.at(-1)!.body.toString()) as Body, answer };
  };
  const user = (content: string): object => ({ role: 'user', content });
  const assistant = (content: string): object => ({ role: 'assistant', content });
  const turn = [user(`Write to ${ANN}.`), assistant('Which words?'), user(`As to ${BEN}.`)];

  it('stay as they are when turns are added, whatever these bring', async () => {
    const first = (await sent({ messages: turn })).body.messages;
    assert.match(JSON.stringify(first), /Write to \[EMAIL_1\].*As to \[EMAIL_2\]/);
    for (const more of [`And to ${CLEO}, not ${ANN}.`, 'No.', `${CLEO} ${BEN} ${ANN}`]) {
      const { body } = await sent({ messages: [...turn, assistant('Done.'), user(more)] });
      assert.deepEqual(body.messages.slice(0, 3), first);
    }
  });

  it('stay as they are when tools, instructions, or members beside the conversation bring values', async () => {
    const first = (await sent({ messages: turn })).body.messages;
    const described = {
      name: 'mail',
      description: `Sends mail from ${CLEO}.`,
      parameters: { type: 'object' },
    };
    const tools = [{ type: 'function', function: described }];
    for (const body of [
      { tools, messages: turn },
      { user: CLEO, messages: turn },
      { metadata: { who: CLEO }, messages: turn, tools },
    ])
      assert.deepEqual((await sent(body)).body.messages, first, JSON.stringify(body));
  });

  it('of instructions stay as they are whatever is said, wherever they stand in the body', async () => {
    fake.answer = (_req, res) =>
      sendJson(
        res,
        JSON.stringify({
          ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn' },
          content: [{ type: 'text', text: 'fine' }],
          usage: { input_tokens: 1, output_tokens: 1 },
        }),
      );
    const instructions = async (messages: object[]): Promise<unknown> => {
      const body = { model: 'm', max_tokens: 10, messages, system: `Name ${CLEO} to all.` };
      const answer = await server.post('/s/claude/v1/messages', key, body);
      assert.equal(answer.status, 200, await answer.text());
      return (JSON.parse(fake.requests.at(-1)!.body.toString()) as { system: unknown }).system;
    };
    const alone = await instructions([user('Hello.')]);
    assert.match(String(alone), /^Name \[EMAIL_\d+\] to all\.$/);
    assert.equal(
      await instructions([user(`I am ${ANN}.`), assistant('Yes?'), user(`Not ${CLEO}, ${BEN}`)]),
      alone,
    );
  });

  it('that an earlier answer has stand for what they stood for', async () => {
    const said = [...turn, assistant('See https://mail.example/?to=[EMAIL_1] there.'), user('Who was that?')];
    const { body, answer } = await sent({ messages: said }, 'It was [EMAIL_1].');
    assert.match(JSON.stringify(body.messages), /Write to \[EMAIL_1\].*As to \[EMAIL_2\].*\?to=\[EMAIL_1\]/);
    assert.match(answer, /It was ann\.smith@mail\.example\./);
  });

  it('that a caller writes, or an earlier answer wrote before the value came, stand for nothing', async () => {
    for (const early of [user('What is [EMAIL_1]?'), assistant('That was [EMAIL_1].')]) {
      const { body, answer } = await sent({ messages: [early, ...turn] }, 'It was [EMAIL_1], not [EMAIL_2].');
      assert.match(JSON.stringify(body.messages), /Write to \[EMAIL_2\].*As to \[EMAIL_3\]/);
      assert.match(answer, /It was \[EMAIL_1\], not ann\.smith@mail\.example\./);
    }
    const { body } = await sent({ messages: [...turn, user('What is [EMAIL_1]?')] });
    assert.match(
      JSON.stringify(body.messages),
      /Write to \[EMAIL_2\].*As to \[EMAIL_3\].*What is \[EMAIL_1\]/,
    );
  });
});
